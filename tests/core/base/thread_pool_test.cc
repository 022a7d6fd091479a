#include "core/base/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "core/base/mutex.h"

namespace camnode {
namespace {

TEST(ThreadPoolTest, RunsEveryTaskBeforeItReturns) {
  ThreadPool pool(3);
  std::vector<int> squares(20, 0);
  std::vector<std::function<void()>> tasks;
  for (int i = 0; i < 20; ++i) tasks.emplace_back([&squares, i] { squares[i] = i * i; });
  pool.RunAll(tasks);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(squares[i], i * i);
  pool.RunAll({});
}

TEST(ThreadPoolTest, RunsAsManyAtATimeAsItHasThreads) {
  ThreadPool pool(3);
  std::atomic<int> inside{0};
  const auto wait_for_the_others = [&inside] {
    ++inside;
    while (inside < 3) std::this_thread::yield();
  };
  pool.RunAll({wait_for_the_others, wait_for_the_others, wait_for_the_others});
  EXPECT_EQ(inside, 3);
}

TEST(ThreadPoolTest, UsesTheSameThreadsForEveryGroup) {
  ThreadPool pool(2);
  Mutex mutex;
  std::set<std::thread::id> threads;
  const auto note = [&] {
    MutexLock lock(&mutex);
    threads.insert(std::this_thread::get_id());
  };
  for (int i = 0; i < 100; ++i) pool.RunAll({note, note, note});
  EXPECT_LE(threads.size(), 2);
  EXPECT_EQ(threads.count(std::this_thread::get_id()), 0);
}

TEST(ThreadPoolTest, TasksOfSeveralCallersDoNotWaitForEachOther) {
  ThreadPool pool(2);
  std::atomic<bool> let_go{false};
  std::thread slow([&] {
    pool.RunAll({[&] {
      while (!let_go) std::this_thread::yield();
    }});
  });
  pool.RunAll({[] {}, [] {}});
  let_go = true;
  slow.join();
}

TEST(ThreadPoolTest, ThrowsWhatATaskThrewAfterTheOthersHaveEnded) {
  ThreadPool pool(1);
  bool last_ran = false;
  try {
    pool.RunAll({[] { throw std::runtime_error("broken"); }, [&] { last_ran = true; }});
    FAIL() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), std::string("broken"));
  }
  EXPECT_TRUE(last_ran);
  pool.RunAll({[&] { last_ran = false; }});
  EXPECT_FALSE(last_ran) << "the thread is still there";
}

}  // namespace
}  // namespace camnode
