#include "services/api/analysis_lookup.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "services/api/grpc_status.h"

namespace camnode {
namespace {

absl::Status OwnOutput() {
  return WithReason(
      absl::FailedPreconditionError("it is one of camnode's own outputs that came back"),
      "OWN_OUTPUT");
}

// Why a job has no analysis.
absl::Status Unfinished(const Job& job) {
  if (job.state == JobState::kBuried) {
    return WithReason(absl::FailedPreconditionError(
                          absl::StrCat("its job ", job.id, " was set aside: ", job.last_error)),
                      "JOB_BURIED");
  }
  return WithReason(absl::FailedPreconditionError("it was received and is not yet analysed"),
                    "NOT_YET_ANALYZED");
}

}  // namespace

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

absl::StatusOr<StoredAnalysis> AnalysisLookup::BySopInstanceUid(const std::string& text,
                                                                const std::string& workflow) {
  CAMNODE_ASSIGN_OR_RETURN(const Uid uid, ParseUidField(text, "sop_instance_uid"));
  absl::StatusOr<StoredAnalysis> stored = results_.FindBySopInstanceUid(uid, workflow);
  if (absl::IsNotFound(stored.status())) return WhyNoAnalysis(uid, workflow);
  return stored;
}

absl::StatusOr<StoredAnalysis> AnalysisLookup::ByJob(int64_t job_id) {
  if (job_id == 0) return OwnOutput();
  absl::StatusOr<StoredAnalysis> stored = results_.FindByJob(job_id);
  if (!absl::IsNotFound(stored.status())) return stored;
  CAMNODE_ASSIGN_OR_RETURN(const Job job, jobs_.Get(job_id));
  return Unfinished(job);
}

absl::Status AnalysisLookup::WhyNoAnalysis(const Uid& uid, const std::string& workflow) {
  const absl::StatusOr<Instance> instance = instances_.FindBySopInstanceUid(uid);
  if (absl::IsNotFound(instance.status())) {
    return WithReason(absl::NotFoundError("no film of that SOP Instance UID was received"),
                      "INSTANCE_NOT_FOUND");
  }
  if (!instance.ok()) return instance.status();
  if (instance->own_output) return OwnOutput();
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<Job> jobs, jobs_.ListByInstances({instance->id}));
  for (const Job& job : jobs) {
    if (workflow.empty() || job.workflow == workflow) return Unfinished(job);
  }
  return WithReason(absl::NotFoundError("the film was not sent to that workflow"),
                    "NOT_IN_WORKFLOW");
}

absl::StatusOr<AnalysisLookup::JobsById> AnalysisLookup::JobsOf(
    const std::vector<const Instance*>& instances) {
  std::vector<int64_t> ids;
  for (const Instance* instance : instances) {
    if (!instance->own_output) ids.push_back(instance->id);
  }
  JobsById film_jobs;
  if (ids.empty()) return film_jobs;
  // In this order: a result committed in between belongs to a job that is listed.
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<Job> jobs, jobs_.ListByInstances(ids));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<JobResult> results, results_.ListJobResults(ids));
  std::map<int64_t, JobResult> result_of_job;
  for (const JobResult& result : results) result_of_job[result.job_id] = result;
  for (const Job& job : jobs) {
    FilmJob& film_job = film_jobs[job.subject].emplace_back();
    film_job.job = job;
    const auto result = result_of_job.find(job.id);
    if (result == result_of_job.end()) continue;
    film_job.job.state = JobState::kDone;
    film_job.result = result->second;
  }
  return film_jobs;
}

absl::StatusOr<std::vector<v1::InstanceSummary>> AnalysisLookup::Summaries(
    const std::vector<ShownFilm>& films) {
  std::vector<const Instance*> instances;
  for (const ShownFilm& film : films) instances.push_back(&film.instance);
  CAMNODE_ASSIGN_OR_RETURN(JobsById jobs, JobsOf(instances));
  std::vector<v1::InstanceSummary> summaries;
  for (const ShownFilm& film : films) {
    summaries.push_back(ToProto(film.instance, jobs[film.instance.id], film.job));
  }
  return summaries;
}

absl::StatusOr<std::vector<v1::Analysis>> AnalysisLookup::ToMessages(
    const std::vector<StoredAnalysis>& stored) {
  std::vector<const Instance*> instances;
  for (const StoredAnalysis& analysis : stored) instances.push_back(&analysis.instance);
  CAMNODE_ASSIGN_OR_RETURN(JobsById jobs, JobsOf(instances));
  std::vector<v1::Analysis> messages;
  for (const StoredAnalysis& analysis : stored) {
    messages.push_back(ToProto(analysis, jobs[analysis.instance.id]));
  }
  return messages;
}

absl::StatusOr<v1::InstanceSummary> AnalysisLookup::Summary(const Instance& instance,
                                                            int64_t shown_job) {
  CAMNODE_ASSIGN_OR_RETURN(JobsById jobs, JobsOf({&instance}));
  return ToProto(instance, jobs[instance.id], shown_job);
}

absl::StatusOr<v1::Analysis> AnalysisLookup::ToMessage(const StoredAnalysis& stored) {
  CAMNODE_ASSIGN_OR_RETURN(JobsById jobs, JobsOf({&stored.instance}));
  return ToProto(stored, jobs[stored.instance.id]);
}

}  // namespace camnode
