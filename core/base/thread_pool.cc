#include "core/base/thread_pool.h"

#include <cstddef>
#include <exception>

namespace camnode {

// On the caller's stack until none of its tasks is left; under mutex_.
struct ThreadPool::Group {
  size_t left = 0;
  std::exception_ptr thrown;
  CondVar ended;
};

ThreadPool::ThreadPool(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { RunThread(); });
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    work_waits_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::RunAll(const std::vector<std::function<void()>>& tasks) {
  Group group;
  group.left = tasks.size();
  {
    MutexLock lock(&mutex_);
    for (const auto& task : tasks) waiting_.push_back({&task, &group});
    work_waits_.SignalAll();
    while (group.left > 0) group.ended.Wait(&mutex_);
  }
  if (group.thrown) std::rethrow_exception(group.thrown);
}

void ThreadPool::RunThread() {
  while (true) {
    Waiting next;
    {
      MutexLock lock(&mutex_);
      while (waiting_.empty() && !stopping_) work_waits_.Wait(&mutex_);
      if (waiting_.empty()) return;
      next = waiting_.front();
      waiting_.pop_front();
    }
    std::exception_ptr thrown;
    try {
      (*next.task)();
    } catch (...) {
      thrown = std::current_exception();
    }
    MutexLock lock(&mutex_);
    if (thrown) next.group->thrown = thrown;
    if (--next.group->left == 0) next.group->ended.Signal();
  }
}

}  // namespace camnode
