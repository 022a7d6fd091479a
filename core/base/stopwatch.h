// How long something takes, and how long to wait for it.
//
//   const Stopwatch stopwatch;
//   Work();
//   Log(..., {{LogField::kDurationMs, absl::ToInt64Milliseconds(stopwatch.Elapsed())}});
//
//   const Deadline deadline(patience);
//   MutexLock lock(&mutex_);
//   while (busy_ && !deadline.Expired()) idle_.WaitWithTimeout(&mutex_, deadline.Remaining());
//
// Both go by Clock::MonotonicNow, and so does the wait of mutex.h, so a clock that is
// set back neither makes a duration negative nor a wait endless.  They hold inside one
// process only: a deadline that another process must know is a date in the database.
//
// gRPC takes and gives its deadlines as dates, and waits by a monotonic clock of its own:
// AsDate and At are for that border, and such a date is kept nowhere.

#ifndef CAMNODE_CORE_BASE_STOPWATCH_H_
#define CAMNODE_CORE_BASE_STOPWATCH_H_

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"
#include "core/base/clock.h"

namespace camnode {

// Runs from its construction.  Const functions are thread-safe.
class Stopwatch {
 public:
  // Borrows `clock`.
  explicit Stopwatch(const Clock& clock = SystemClock())
      : clock_(&clock), started_(clock.MonotonicNow()) {}

  // Never negative.
  absl::Duration Elapsed() const { return clock_->MonotonicNow() - started_; }

 private:
  const Clock* clock_;
  absl::Duration started_;
};

// A moment to come.  Const functions are thread-safe.
class Deadline {
 public:
  // `from_now` of zero or less: has passed.  absl::InfiniteDuration(): never passes.
  // Borrows `clock`.
  explicit Deadline(absl::Duration from_now, const Clock& clock = SystemClock())
      : clock_(&clock), at_(clock.MonotonicNow() + from_now) {}

  // Of a date that another program or library gave, as far away as it is now.
  // time_point::max(): as good as never.
  static Deadline At(std::chrono::system_clock::time_point date) {
    const auto now = std::chrono::system_clock::now();
    return Deadline(date <= now ? absl::ZeroDuration() : absl::FromChrono(date - now));
  }

  // Zero once it has passed; infinite if it never does.
  absl::Duration Remaining() const {
    return std::max(at_ - clock_->MonotonicNow(), absl::ZeroDuration());
  }
  bool Expired() const { return Remaining() == absl::ZeroDuration(); }

  // The date that is as far away now; time_point::max() if it never passes.  Not
  // Clock::Now, which learns of a step late.
  std::chrono::system_clock::time_point AsDate() const {
    using SystemTime = std::chrono::system_clock;
    const absl::Duration remaining = Remaining();
    if (remaining == absl::InfiniteDuration()) return SystemTime::time_point::max();
    return SystemTime::now() +
           absl::ToChronoMicroseconds(std::min(remaining, absl::Hours(24 * 365 * 100)));
  }

 private:
  const Clock* clock_;
  absl::Duration at_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_STOPWATCH_H_
