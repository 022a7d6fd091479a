// The received instances, and the jobs they give rise to.

#ifndef CAMNODE_CORE_STORAGE_INSTANCE_STORE_H_
#define CAMNODE_CORE_STORAGE_INSTANCE_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct JobRequest {
  std::string workflow;
  std::string model_set;
  JobPriority priority = JobPriority::kNormal;
  // Destinations besides the workflow's own, by name; "" entries are ignored.
  // An upload that asked for no DICOM delivery has deliver = false.
  std::vector<std::string> extra_destinations;
  bool deliver = true;
};

struct AddedInstance {
  int64_t instance_id = 0;
  absl::optional<int64_t> job_id;  // Empty if no job was asked for.
  // The same bytes were here already: the caller removes the blob it wrote.
  bool repeat = false;
};

struct StudySummary {
  Uid study_instance_uid;
  int64_t instances = 0;
  int64_t analyzed = 0;  // Analyses with scores.
  int64_t not_eligible = 0;
  int64_t pending = 0;  // Jobs queued or leased.
  int64_t buried = 0;
  int64_t first_received_ms = 0;
  int64_t last_received_ms = 0;
};

struct StudyPage {
  std::vector<StudySummary> studies;
  // To continue: pass both to ListStudies.  Empty UID: this was the last page.
  int64_t next_received_ms = 0;
  Uid next_study_instance_uid;
};

// Thread-safe.
class InstanceStore {
 public:
  // `blobs`: where the files lie that rows name, or nullptr where there are none, as in tests
  // of rows alone.  Borrows all.
  InstanceStore(SqlDatabase& database, const Clock& clock, const BlobStore* blobs);

  // Instance row and job row in one group-committed transaction; on return both
  // are durable.  `instance.blob_id` must be durable already; that its file is still there is
  // seen to within the transaction.
  //
  // A repeat (same SOP Instance UID, same digest) adds nothing; if its job was
  // buried it is queued again, if it is done its undelivered deliveries are
  // armed again, if it is queued or running nothing happens.
  //
  // Errors: kAlreadyExists if the UID is here with other bytes or in another
  // study (message names both digests); kUnavailable (also if the blob's file is gone),
  // kResourceExhausted.
  absl::StatusOr<AddedInstance> Add(const Instance& instance,
                                    const absl::optional<JobRequest>& job);

  // Errors: kNotFound.
  absl::StatusOr<Instance> Get(int64_t instance_id);
  absl::StatusOr<Instance> FindBySopInstanceUid(const Uid& uid);
  // By id; what is not there is missing.
  absl::StatusOr<std::map<int64_t, Instance>> GetAll(const std::vector<int64_t>& ids);

  // All instances of a study, oldest first.  Empty if there are none.
  absl::StatusOr<std::vector<Instance>> ListStudyInstances(const Uid& study, int limit);

  // Errors: kNotFound.
  absl::StatusOr<StudySummary> GetStudy(const Uid& study);

  // Newest first.  `before_*`: from the page before, or 0 and empty.
  absl::StatusOr<StudyPage> ListStudies(int page_size, int64_t before_received_ms,
                                        const Uid& before_study);

 private:
  SqlDatabase& database_;
  const Clock& clock_;
  const BlobStore* const blobs_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_INSTANCE_STORE_H_
