#include "core/base/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace camnode {
namespace {

class MachineClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration MonotonicNow() const override {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock& clock = *new MachineClock;  // Threads may ask during exit.
  return clock;
}

}  // namespace camnode
