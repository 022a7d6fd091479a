// Mutex and CondVar keep their word, whatever somebody does to the clock.

#include "core/base/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

class Counter {
 public:
  void Add() {
    const MutexLock lock(&mutex_);
    ++value_;
    changed_.SignalAll();
  }
  void WaitFor(int value) {
    const MutexLock lock(&mutex_);
    while (value_ < value) changed_.Wait(&mutex_);
  }
  // True if the time ran out before anybody added.
  bool TimesOut(absl::Duration timeout) {
    const MutexLock lock(&mutex_);
    const int before = value_;
    while (value_ == before) {
      if (changed_.WaitWithTimeout(&mutex_, timeout)) return value_ == before;
    }
    return false;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int value_ ABSL_GUARDED_BY(mutex_) = 0;
};

TEST(MutexTest, LetsOneInAtATime) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int round = 0; round < 1000; ++round) counter.Add();
    });
  }
  counter.WaitFor(4000);  // A lost update would keep us here until the test's time is up.
  for (std::thread& thread : threads) thread.join();
}

TEST(MutexTest, WakesTheOneWhoWaits) {
  Counter counter;
  std::thread waiter([&counter] { counter.WaitFor(1); });
  counter.Add();
  waiter.join();
}

TEST(MutexTest, StopsWaitingWhenTheTimeIsUp) {
  Counter counter;
  EXPECT_TRUE(counter.TimesOut(absl::Milliseconds(1)));
  EXPECT_TRUE(counter.TimesOut(absl::ZeroDuration()));
  EXPECT_TRUE(counter.TimesOut(-absl::InfiniteDuration()));
}

TEST(MutexTest, WaitsForEverAndIsWokenAllTheSame) {
  Counter counter;
  auto timed_out =
      std::async(std::launch::async, [&] { return counter.TimesOut(absl::InfiniteDuration()); });
  EXPECT_EQ(timed_out.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout);
  counter.Add();
  EXPECT_FALSE(timed_out.get());
}

TEST(MutexTest, AClockThatIsSetBackDoesNotMakeAWaitLonger) {
  Mutex mutex;
  CondVar begun;
  CondVar never;
  bool waits = false;
  auto waiter = std::async(std::launch::async, [&] {
    const MutexLock lock(&mutex);
    waits = true;
    begun.SignalAll();
    return never.WaitWithTimeout(&mutex, absl::Milliseconds(100));
  });
  {
    const MutexLock lock(&mutex);
    while (!waits) begun.Wait(&mutex);
  }
  SetBackTheWallClock();
  EXPECT_EQ(waiter.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  never.SignalAll();
  EXPECT_TRUE(waiter.get());
}

}  // namespace
}  // namespace camnode
