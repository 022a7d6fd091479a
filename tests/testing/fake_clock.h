// Time that a test turns by hand.

#ifndef CAMNODE_TESTS_TESTING_FAKE_CLOCK_H_
#define CAMNODE_TESTS_TESTING_FAKE_CLOCK_H_

#include <atomic>

#include "core/base/clock.h"

namespace camnode {

// Stands still until told.  Thread-safe.
class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return FromUnixMs(now_ms_.load()); }
  void Advance(absl::Duration by) { now_ms_ += absl::ToInt64Milliseconds(by); }

 private:
  std::atomic<int64_t> now_ms_{1'700'000'000'000};
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_FAKE_CLOCK_H_
