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
// gRPC takes its deadlines as std::chrono::system_clock and turns them into its own
// monotonic clock within the call: such a date is made from Deadline::Remaining where
// it is handed over, and kept nowhere.

#ifndef CAMNODE_CORE_BASE_STOPWATCH_H_
#define CAMNODE_CORE_BASE_STOPWATCH_H_

#include <algorithm>

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

  // Zero once it has passed; infinite if it never does.
  absl::Duration Remaining() const {
    return std::max(at_ - clock_->MonotonicNow(), absl::ZeroDuration());
  }
  bool Expired() const { return Remaining() == absl::ZeroDuration(); }

 private:
  const Clock* clock_;
  absl::Duration at_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_STOPWATCH_H_
