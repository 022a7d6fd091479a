// The one line a job writes when an attempt at it ends.

#ifndef CAMNODE_CORE_PIPELINE_JOB_LOG_H_
#define CAMNODE_CORE_PIPELINE_JOB_LOG_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"

namespace camnode {

enum class JobOutcome {
  kDone,
  kNotEligible,  // Done: the result is that the film was refused.
  kRetry,
  kBury,          // Also a retry that spent the budget: the queue's row says which.
  kLost,          // The attempt is no longer ours; what it made is dropped.
  kGivenBack,     // The worker stops.
  kLeftToRunOut,  // The database would not take the ending, or the device is broken.
};

// `instance` may be null.  `why`: the error; OK with the reason code for a refused
// film's `refusal`, which is empty otherwise.  `commit`: how long the commit of the
// result took, waiting for other writers included; zero if there was none.
void LogJob(const Job& job, const Instance* instance, absl::Duration duration, JobOutcome outcome,
            const absl::Status& why, absl::string_view refusal = "",
            absl::Duration commit = absl::ZeroDuration());

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_JOB_LOG_H_
