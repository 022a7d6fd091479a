// Time that a test turns by hand.

#ifndef CAMNODE_TESTS_TESTING_FAKE_CLOCK_H_
#define CAMNODE_TESTS_TESTING_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace camnode {

// Stands still until told.  Thread-safe.
class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return FromUnixMs(now_ms_.load()); }
  absl::Duration MonotonicNow() const override { return absl::Milliseconds(monotonic_ms_.load()); }

  // Time passes: both go on.
  void Advance(absl::Duration by) {
    now_ms_ += absl::ToInt64Milliseconds(by);
    monotonic_ms_ += absl::ToInt64Milliseconds(by);
  }
  // Somebody sets the clock: the date jumps, and no time passes.
  void StepWallClock(absl::Duration by) { now_ms_ += absl::ToInt64Milliseconds(by); }

 private:
  std::atomic<int64_t> now_ms_{1'700'000'000'000};
  std::atomic<int64_t> monotonic_ms_{5'000'000};
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_FAKE_CLOCK_H_
