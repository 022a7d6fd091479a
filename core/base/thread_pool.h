// Threads that stay, for work that comes in small groups again and again.
//
// Libraries keep memory of every thread that ever called them (OpenCV some 500 bytes), so a
// program that starts threads for each film grows with every film.

#ifndef CAMNODE_CORE_BASE_THREAD_POOL_H_
#define CAMNODE_CORE_BASE_THREAD_POOL_H_

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "core/base/mutex.h"

namespace camnode {

// Any thread may call, but not a task.
class ThreadPool {
 public:
  // REQUIRES: threads > 0.
  explicit ThreadPool(int threads);
  // REQUIRES: no RunAll is running.
  ~ThreadPool();

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Runs every task, as many at the same time as there are threads, and returns when the
  // last has ended: what tasks borrow may be the caller's.  What a task throws is thrown
  // here, after all have ended; of several, one.
  void RunAll(const std::vector<std::function<void()>>& tasks);

 private:
  struct Group;
  struct Waiting {
    const std::function<void()>* task;
    Group* group;
  };

  void RunThread();

  Mutex mutex_;
  CondVar work_waits_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // Last: they use everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_THREAD_POOL_H_
