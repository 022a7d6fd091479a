// The one table from an error's code to what a job or a delivery does next.

#ifndef CAMNODE_CORE_BASE_RETRYABLE_H_
#define CAMNODE_CORE_BASE_RETRYABLE_H_

#include "absl/random/bit_gen_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace camnode {

enum class FailureAction {
  kDrop,           // kAborted: the lease is another's, say nothing.
  kRetry,          // The world may get better: try again for ever, with backoff.
  kRetryThenBury,  // Unexplained: try again until the budget is spent.
  kBury,           // Trying again cannot help: set aside for a human.
};

// REQUIRES: code is not kOk.
FailureAction ActionFor(absl::StatusCode code);

struct Backoff {
  absl::Duration initial;  // Before the first repeat.
  absl::Duration maximum;  // Longer: a peer that came back waits longer.
  double multiplier = 2.0;
};

// Each of the two; that the first is not above the second is for the caller to see.
template <typename Reader>
void ReadOptions(Reader&& reader, Backoff* backoff) {
  reader.Read("initial_backoff_ms", absl::Hours(24), &backoff->initial);
  reader.Read("max_backoff_ms", absl::Hours(24), &backoff->maximum);
}

// The wait before repeat number `failures` (1 is the first): initial x
// multiplier^(failures-1), capped, then drawn evenly from its upper half, so that
// many who failed together do not come back together.
absl::Duration DelayBeforeRetry(const Backoff& backoff, int failures, absl::BitGenRef random);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_RETRYABLE_H_
