// The mutex of tests labelled `threads`.
//
// Normally this is absl::Mutex.  Debian's absl::Mutex is not instrumented and
// gives false races under ThreadSanitizer, so in that preset these names are an
// annotated std::mutex and condition variable with the same behaviour.

#ifndef CAMNODE_CORE_BASE_MUTEX_H_
#define CAMNODE_CORE_BASE_MUTEX_H_

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

#ifdef CAMNODE_SANITIZE_THREAD
#include <chrono>
#include <condition_variable>
#include <mutex>
#else
#include "absl/synchronization/mutex.h"
#endif

namespace camnode {

#ifdef CAMNODE_SANITIZE_THREAD

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

class CondVar {
 public:
  void Wait(Mutex* mutex) { condition_.wait(mutex->mutex_); }
  // True if the time ran out.
  bool WaitWithTimeout(Mutex* mutex, absl::Duration timeout) {
    return condition_.wait_for(mutex->mutex_, absl::ToChronoMicroseconds(timeout)) ==
           std::cv_status::timeout;
  }
  void Signal() { condition_.notify_one(); }
  void SignalAll() { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

#else

using Mutex = absl::Mutex;
using MutexLock = absl::MutexLock;
using CondVar = absl::CondVar;

#endif

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_MUTEX_H_
