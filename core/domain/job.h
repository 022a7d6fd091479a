// A unit of queued work, which is to analyse one instance, and the states it may pass
// through.

#ifndef CAMNODE_CORE_DOMAIN_JOB_H_
#define CAMNODE_CORE_DOMAIN_JOB_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// Jobs with a smaller number go first.
enum class JobPriority { kInteractive = 0, kNormal = 100, kBacklog = 200 };

enum class JobState {
  kQueued,
  kLeased,  // By one attempt; not necessarily started.
  kDone,
  kBuried,  // Set aside for a human, with the reason.
};

absl::string_view JobStateName(JobState state);
absl::StatusOr<JobState> ParseJobState(absl::string_view name);

// The whole state machine: queued -> leased; leased -> queued (retry, or given
// back), done, buried, or leased again (the lease ran out); buried -> queued.
// Errors: kFailedPrecondition naming both states.
absl::Status CheckTransition(JobState from, JobState to);

struct Job {
  int64_t id = 0;
  int64_t subject = 0;  // The id of the instance to be analysed.
  std::string workflow;
  std::string model_set;
  JobPriority priority = JobPriority::kNormal;
  JobState state = JobState::kQueued;
  int attempt = 0;                  // Fencing token: +1 at each lease.
  int failures = 0;                 // Charged by Retry and by leases that ran out after starting.
  int interruptions = 0;            // Times a started attempt ended because its worker was
                                    // stopped from outside: no proof against the film.
  bool alone = false;               // Was running when a worker died: no other job beside it.
  int64_t analysis_started_ms = 0;  // Set once, by the first lease that starts.
  int64_t created_ms = 0;
  std::string last_error;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_JOB_H_
