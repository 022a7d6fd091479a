#include "core/base/retryable.h"

#include <algorithm>
#include <cmath>

#include "absl/random/distributions.h"

namespace camnode {

FailureAction ActionFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kAborted:
      return FailureAction::kDrop;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return FailureAction::kRetry;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kCancelled:
      return FailureAction::kRetryThenBury;
    default:
      return FailureAction::kBury;
  }
}

absl::Duration DelayBeforeRetry(const Backoff& backoff, int failures, absl::BitGenRef random) {
  const double growth = std::pow(backoff.multiplier, std::clamp(failures - 1, 0, 63));
  const absl::Duration full = std::min(backoff.initial * growth, backoff.maximum);
  return full * absl::Uniform(absl::IntervalClosed, random, 0.5, 1.0);
}

}  // namespace camnode
