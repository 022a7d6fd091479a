// Also: stop_signals.

#include "services/node/stop_sequence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/base/stopwatch.h"
#include "services/node/stop_signals.h"

namespace camnode {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

[[noreturn]] void Hang() {
  while (true) pause();
}

TEST(StopSequenceTest, RunsStepsSideBySideAndGroupsOneAfterTheOther) {
  StopSequence sequence(kPatience);
  std::atomic<bool> first{false};
  bool second = false;
  // Each waits for the other's beginning.
  sequence.Run(0.5, {{"one",
                      [&] {
                        while (!first) sched_yield();
                      }},
                     {"other", [&] { first = true; }}});
  sequence.Run(0.5, {{"next", [&] { second = first; }}});

  EXPECT_TRUE(second);
  EXPECT_TRUE(sequence.complete());
}

TEST(StopSequenceTest, AStepThatHangsIsLeftBehindAndTheNextOnesRun) {
  const auto stop = [] {
    StopSequence sequence(absl::Milliseconds(100));
    std::atomic<bool> ran{false};
    sequence.Run(0.5, {{"the frozen one", Hang}, {"another", [] {}}});
    sequence.Run(0.5, {{"the last", [&] { ran = true; }}});
    if (!ran || sequence.complete()) _exit(2);
    sequence.GiveUp();
  };
  EXPECT_EXIT(stop(), ::testing::ExitedWithCode(1),
              "stop_step_hangs.*the frozen one(.|\n)*node_stop_gave_up.*: the frozen one;");
}

TEST(StopSequenceTest, AllEndsWithinTheLimitHoweverManyHang) {
  const auto stop = [] {
    const Stopwatch stopwatch;
    StopSequence sequence(absl::Milliseconds(200));
    for (int i = 0; i < 10; ++i) sequence.Run(0.5, {{"hangs", Hang}});
    _exit(stopwatch.Elapsed() < absl::Seconds(5) ? 0 : 2);
  };
  EXPECT_EXIT(stop(), ::testing::ExitedWithCode(0), "");
}

TEST(StopSignalsTest, BeforeTheNodeHasStartedAStopEndsTheProcessAtOnce) {
  const auto start = [] {
    BlockStopSignals();
    const StopSignals signals;
    kill(getpid(), SIGTERM);
    Hang();  // The database does not answer.
  };
  EXPECT_EXIT(start(), ::testing::ExitedWithCode(0), "node_stopped.*while it was starting");
}

TEST(StopSignalsTest, AHangupReloadsAndAStopReturns) {
  const auto run = [] {
    BlockStopSignals();
    StopSignals signals;
    std::atomic<bool> reloaded{false};
    std::thread sender([&] {
      // One that comes before Wait is not heard.
      while (!reloaded) {
        kill(getpid(), SIGHUP);
        sched_yield();
      }
      kill(getpid(), SIGTERM);
    });
    const int signal = signals.Wait([&] { reloaded = true; });
    sender.join();
    _exit(signal == SIGTERM && reloaded ? 0 : 2);
  };
  EXPECT_EXIT(run(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace camnode
