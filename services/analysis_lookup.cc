#include "services/analysis_lookup.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "services/grpc_status.h"
#include "services/proto_conversion.h"

namespace camnode {

absl::StatusOr<Uid> ParseUidField(const std::string& text, const char* field) {
  absl::StatusOr<Uid> uid = Uid::Parse(text);
  if (!uid.ok()) return FieldError(field, "is not a UID");
  return uid;
}

absl::Status AnalysisLookup::NoKey() {
  return FieldError("key", "is missing; expected analysis_id or sop_instance_uid");
}

absl::StatusOr<StoredAnalysis> AnalysisLookup::ById(int64_t analysis_id) {
  if (analysis_id <= 0) return FieldError("analysis_id", "is not positive");
  absl::StatusOr<StoredAnalysis> stored = results_.Get(analysis_id);
  if (absl::IsNotFound(stored.status())) {
    return WithReason(absl::NotFoundError("there is no analysis of that number"),
                      "ANALYSIS_NOT_FOUND");
  }
  return stored;
}

absl::StatusOr<StoredAnalysis> AnalysisLookup::BySopInstanceUid(const std::string& text) {
  CAMNODE_ASSIGN_OR_RETURN(const Uid uid, ParseUidField(text, "sop_instance_uid"));
  absl::StatusOr<StoredAnalysis> stored = results_.FindBySopInstanceUid(uid);
  if (absl::IsNotFound(stored.status())) return WhyNoAnalysis(uid);
  return stored;
}

absl::Status AnalysisLookup::WhyNoAnalysis(const Uid& uid) {
  const absl::StatusOr<Instance> instance = instances_.FindBySopInstanceUid(uid);
  if (absl::IsNotFound(instance.status())) {
    return WithReason(absl::NotFoundError("no film of that SOP Instance UID was received"),
                      "INSTANCE_NOT_FOUND");
  }
  if (!instance.ok()) return instance.status();
  if (instance->own_output) {
    return WithReason(
        absl::FailedPreconditionError("it is one of camnode's own outputs that came back"),
        "OWN_OUTPUT");
  }
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<Job> job, JobOf(*instance));
  if (job.has_value() && job->state == JobState::kBuried) {
    return WithReason(absl::FailedPreconditionError(
                          absl::StrCat("its job ", job->id, " was set aside: ", job->last_error)),
                      "JOB_BURIED");
  }
  return WithReason(absl::FailedPreconditionError("it was received and is not yet analysed"),
                    "NOT_YET_ANALYZED");
}

absl::StatusOr<absl::optional<Job>> AnalysisLookup::JobOf(const Instance& instance) {
  if (instance.own_output) return absl::optional<Job>();
  absl::StatusOr<Job> job = jobs_.FindByInstance(instance.id);
  if (absl::IsNotFound(job.status())) return absl::optional<Job>();
  if (!job.ok()) return job.status();
  return absl::make_optional(*std::move(job));
}

absl::StatusOr<v1::InstanceSummary> AnalysisLookup::Summary(const Instance& instance) {
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<Job> job, JobOf(instance));
  if (!job.has_value() || job->state != JobState::kDone) return ToProto(instance, job, nullptr);
  const absl::StatusOr<StoredAnalysis> stored =
      results_.FindBySopInstanceUid(instance.sop_instance_uid);
  if (absl::IsNotFound(stored.status())) return ToProto(instance, job, nullptr);
  if (!stored.ok()) return stored.status();
  return ToProto(instance, job, &stored->analysis);
}

absl::StatusOr<v1::Analysis> AnalysisLookup::ToMessage(const StoredAnalysis& stored) {
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<Job> job, JobOf(stored.instance));
  return ToProto(stored, job);
}

}  // namespace camnode
