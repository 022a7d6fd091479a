// The one mutex and condition variable, annotated for clang's -Wthread-safety.
//
// They are the standard library's, not Abseil's, for two reasons.
//   * Time.  absl::CondVar::WaitWithTimeout and absl::Mutex::AwaitWithTimeout (20220623)
//     take a duration, add gettimeofday() to it and let the kernel wait until that date
//     (FUTEX_CLOCK_REALTIME): set the clock back by an hour, and the wait is an hour
//     longer.  libstdc++ 12 with glibc 2.30 waits by CLOCK_MONOTONIC
//     (pthread_cond_clockwait).  The same goes for absl::Notification and
//     absl::BlockingCounter with a timeout; absl::SleepFor is nanosleep, which no
//     setting of the clock touches.
//   * ThreadSanitizer.  Debian's absl::Mutex is not instrumented and gives false races.
// Price: Abseil's check for deadlocks in debug builds.

#ifndef CAMNODE_CORE_BASE_MUTEX_H_
#define CAMNODE_CORE_BASE_MUTEX_H_

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace camnode {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(*mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// The caller of a wait holds the mutex, and finds it held again afterwards.  A wait may
// end for no reason: wait in a loop.
class CondVar {
 public:
  void Wait(Mutex* mutex) {
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();  // It stays the caller's.
  }

  // For at most `timeout` of the monotonic clock, or a year if that is less; not at all
  // if it is zero or negative.  True if the time ran out.  A loop takes the timeout from
  // Deadline::Remaining (stopwatch.h).
  bool WaitWithTimeout(Mutex* mutex, absl::Duration timeout) {
    // An infinite one would overflow the time it ends at.
    constexpr absl::Duration kLongest = absl::Hours(24 * 365);
    std::unique_lock<std::mutex> lock(mutex->mutex_, std::adopt_lock);
    const std::cv_status status = condition_.wait_for(
        lock, absl::ToChronoNanoseconds(std::clamp(timeout, absl::ZeroDuration(), kLongest)));
    lock.release();
    return status == std::cv_status::timeout;
  }

  void Signal() { condition_.notify_one(); }
  void SignalAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_MUTEX_H_
