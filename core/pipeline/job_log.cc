#include "core/pipeline/job_log.h"

#include <string>

#include "core/base/log.h"

namespace camnode {
namespace {

const char* OutcomeName(JobOutcome outcome) {
  switch (outcome) {
    case JobOutcome::kDone:
      return "done";
    case JobOutcome::kNotEligible:
      return "not_eligible";
    case JobOutcome::kRetry:
      return "retry";
    case JobOutcome::kBury:
      return "bury";
    case JobOutcome::kLost:
      return "lost";
    case JobOutcome::kGivenBack:
      return "given_back";
    case JobOutcome::kLeftToRunOut:
      return "left_to_run_out";
  }
  return "unknown";
}

LogLevel LevelOf(JobOutcome outcome) {
  switch (outcome) {
    case JobOutcome::kDone:
    case JobOutcome::kNotEligible:
    case JobOutcome::kGivenBack:
      return LogLevel::kInfo;
    case JobOutcome::kRetry:
    case JobOutcome::kLost:
      return LogLevel::kWarning;
    case JobOutcome::kBury:
    case JobOutcome::kLeftToRunOut:
      return LogLevel::kError;
  }
  return LogLevel::kError;
}

}  // namespace

void LogJob(const Job& job, const Instance* instance, absl::Duration duration, JobOutcome outcome,
            const absl::Status& why, absl::string_view refusal, absl::Duration commit) {
  const std::string uid = instance == nullptr ? "" : instance->sop_instance_uid.text();
  const std::string study = instance == nullptr ? "" : instance->study_instance_uid.text();
  Log(LevelOf(outcome), "job",
      {{LogField::kJob, job.id},
       {LogField::kAttempt, job.attempt},
       {LogField::kInstance, uid},
       {LogField::kStudy, study},
       {LogField::kOutcome, OutcomeName(outcome)},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(duration)},
       {LogField::kCommitMs, absl::ToDoubleMilliseconds(commit)},
       {LogField::kCode, absl::StatusCodeToString(why.code())},
       {LogField::kReason, why.ok() ? refusal : why.message()}});
}

}  // namespace camnode
