// Finished analyses, the objects made from them, and where those must go.

#ifndef CAMNODE_CORE_STORAGE_RESULT_STORE_H_
#define CAMNODE_CORE_STORAGE_RESULT_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "core/domain/analysis.h"
#include "core/domain/delivery.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct StoredDerivedInstance {
  DerivedInstance derived;
  std::vector<Delivery> deliveries;
};

// Everything known about one analysis, as of one moment.
struct StoredAnalysis {
  Instance instance;
  Analysis analysis;
  std::vector<StoredDerivedInstance> derived;
};

// What came of a job, without the maps.
struct JobResult {
  int64_t job_id = 0;
  int64_t analysis_id = 0;
  AnalysisOutcome outcome = AnalysisOutcome::kAnalyzed;
};

struct AnalysisFilter {
  Uid study_instance_uid;  // Empty: all studies.
  int64_t before_id = 0;   // Ids below this one; 0: from the newest.
};

// Thread-safe.
class ResultStore {
 public:
  // `blobs`: where the files lie that rows name, or nullptr where there are none, as in tests
  // of rows alone.  Borrows all.
  ResultStore(SqlDatabase& database, const Clock& clock, const BlobStore* blobs);

  // One transaction: the job done, the analysis, the derived instances, one
  // delivery per derived instance and destination (the workflow's `destinations`
  // and the job's extra ones; none if the job asked for none), one event; then
  // the doorbell for outbox and watchers.  Returns the analysis id.
  //
  // Ends the lease if the answer is OK or kAborted.  After any other error (disk
  // full, database away) it is unchanged and still the caller's, who should Retry
  // it uncharged.  The blobs that the rows name must be durable; that their files are still
  // there is seen to within the transaction.
  //
  // Errors: kAborted if the attempt is no longer ours: nothing was changed and the
  // caller drops what it made; kUnavailable if a file is gone; otherwise those of SqlDatabase.
  absl::StatusOr<int64_t> Commit(JobLease&& lease, const Analysis& analysis,
                                 const std::vector<DerivedInstance>& derived,
                                 const std::vector<std::string>& destinations);

  // Errors: kNotFound.
  absl::StatusOr<StoredAnalysis> Get(int64_t analysis_id);
  absl::StatusOr<StoredAnalysis> FindByJob(int64_t job_id);
  // The newest of the instance's analyses by this workflow; empty: by any.
  absl::StatusOr<StoredAnalysis> FindBySopInstanceUid(const Uid& uid,
                                                      const std::string& workflow = "");

  // Of every finished job about one of the instances, newest first.
  absl::StatusOr<std::vector<JobResult>> ListJobResults(const std::vector<int64_t>& instance_ids);

  // Newest first.
  absl::StatusOr<std::vector<StoredAnalysis>> List(const AnalysisFilter& filter, int limit);

  // True if `uid` is an object we made: our own output is coming back.
  absl::StatusOr<bool> IsOwnOutput(const Uid& sop_instance_uid);

 private:
  // The first analysis that `rest` (see ReadAnalyses) finds.
  // Errors: kNotFound, saying what is `missing`.
  absl::StatusOr<StoredAnalysis> FindOne(absl::string_view rest, const SqlParameters& parameters,
                                         absl::string_view missing);

  // Every file that the rows of this analysis would name.
  absl::Status CheckFiles(const Analysis& analysis,
                          const std::vector<DerivedInstance>& derived) const;

  SqlDatabase& database_;
  const Clock& clock_;
  const BlobStore* const blobs_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_RESULT_STORE_H_
