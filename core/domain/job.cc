#include "core/domain/job.h"

#include "absl/strings/str_cat.h"

namespace camnode {

absl::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kLeased:
      return "leased";
    case JobState::kDone:
      return "done";
    case JobState::kBuried:
      return "buried";
  }
  return "unknown";
}

absl::StatusOr<JobState> ParseJobState(absl::string_view name) {
  for (const JobState state :
       {JobState::kQueued, JobState::kLeased, JobState::kDone, JobState::kBuried}) {
    if (name == JobStateName(state)) return state;
  }
  return absl::InvalidArgumentError(absl::StrCat("no job state is called '", name, "'"));
}

absl::Status CheckTransition(JobState from, JobState to) {
  bool legal = false;
  switch (from) {
    case JobState::kQueued:
      legal = to == JobState::kLeased;
      break;
    case JobState::kLeased:
      legal = true;
      break;
    case JobState::kDone:
      legal = false;
      break;
    case JobState::kBuried:
      legal = to == JobState::kQueued;
      break;
  }
  if (legal) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("a job cannot go from ", JobStateName(from), " to ", JobStateName(to)));
}

}  // namespace camnode
