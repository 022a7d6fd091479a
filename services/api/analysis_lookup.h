// Finds films and analyses for the gRPC services, and says why there is none.

#ifndef CAMNODE_SERVICES_API_ANALYSIS_LOOKUP_H_
#define CAMNODE_SERVICES_API_ANALYSIS_LOOKUP_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "proto/camnode/v1/types.pb.h"
#include "services/api/proto_conversion.h"

namespace camnode {

// `text` as a UID.  Errors: kInvalidArgument naming `field` of the request.
absl::StatusOr<Uid> ParseUidField(const std::string& text, const char* field);

// Thread-safe.  Every error carries its reason (grpc_status.h).
class AnalysisLookup {
 public:
  // Borrows all.
  AnalysisLookup(InstanceStore& instances, ResultStore& results, JobQueue& jobs)
      : instances_(instances), results_(results), jobs_(jobs) {}

  // Errors: kInvalidArgument (INVALID_FIELD), kNotFound (ANALYSIS_NOT_FOUND).
  absl::StatusOr<StoredAnalysis> ById(int64_t analysis_id);

  // The newest by `workflow`; empty: by any.
  // Errors: kInvalidArgument (INVALID_FIELD); kNotFound: INSTANCE_NOT_FOUND,
  // NOT_IN_WORKFLOW; kFailedPrecondition: NOT_YET_ANALYZED, JOB_BURIED, OWN_OUTPUT.
  absl::StatusOr<StoredAnalysis> BySopInstanceUid(const std::string& text,
                                                  const std::string& workflow);

  // By the film's job; 0: it has none.  Errors: kFailedPrecondition, as above.
  absl::StatusOr<StoredAnalysis> ByJob(int64_t job_id);

  // By the `key` of a request.  Errors: as both; kInvalidArgument if it has none.
  template <typename Request>
  absl::StatusOr<StoredAnalysis> ByKeyOf(const Request& request) {
    if (request.has_sop_instance_uid()) {
      return BySopInstanceUid(request.sop_instance_uid(), request.workflow());
    }
    if (request.has_analysis_id()) return ById(request.analysis_id());
    return NoKey();
  }

  // A film, and the job that its summary is of; 0: the newest.
  struct ShownFilm {
    Instance instance;
    int64_t job = 0;
  };
  // In their order; as many looks into the database for a page as for one.
  absl::StatusOr<std::vector<v1::InstanceSummary>> Summaries(const std::vector<ShownFilm>& films);
  absl::StatusOr<std::vector<v1::Analysis>> ToMessages(const std::vector<StoredAnalysis>& stored);

  absl::StatusOr<v1::InstanceSummary> Summary(const Instance& instance, int64_t shown_job = 0);
  absl::StatusOr<v1::Analysis> ToMessage(const StoredAnalysis& stored);

 private:
  static absl::Status NoKey();
  absl::Status WhyNoAnalysis(const Uid& uid, const std::string& workflow);
  // Of each instance, by its id: newest first.
  using JobsById = std::map<int64_t, std::vector<FilmJob>>;
  absl::StatusOr<JobsById> JobsOf(const std::vector<const Instance*>& instances);

  InstanceStore& instances_;
  ResultStore& results_;
  JobQueue& jobs_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_ANALYSIS_LOOKUP_H_
