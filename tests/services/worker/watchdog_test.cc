// Also: stall.

#include "services/worker/watchdog.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <string>
#include <utility>

#include "services/settings/worker_exit.h"
#include "services/worker/stall.h"
#include "tests/testing/fake_clock.h"

namespace camnode {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

class WatchdogTest : public ::testing::Test {
 protected:
  WatchdogTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, life_), 0); }
  ~WatchdogTest() override {
    close(life_[0]);
    close(life_[1]);
  }

  bool Hears() {
    pollfd polled = {life_[0], POLLIN, 0};
    return poll(&polled, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) == 1;
  }

  FakeClock clock_;
  StepWatch steps_{absl::Seconds(2), clock_};
  int life_[2] = {-1, -1};
};

TEST_F(WatchdogTest, SaysThatTheStepsMove) {
  const Watchdog watchdog(steps_, life_[1], [](const StepWatch::Stall&) { FAIL(); });
  EXPECT_TRUE(Hears());
}

TEST_F(WatchdogTest, AStalledStepIsToldAndNoSignOfLifeIsGiven) {
  std::promise<std::string> stalled;
  const StepWatch::Step step = steps_.Begin("decode", {17});
  clock_.Advance(absl::Seconds(2));
  bool told = false;
  const Watchdog watchdog(steps_, life_[1], [&](const StepWatch::Stall& stall) {
    if (!std::exchange(told, true)) stalled.set_value(stall.name);
  });
  auto name = stalled.get_future();
  ASSERT_EQ(name.wait_for(absl::ToChronoSeconds(kPatience)), std::future_status::ready);
  EXPECT_EQ(name.get(), "decode");
  char byte = 0;
  EXPECT_LT(recv(life_[0], &byte, 1, MSG_DONTWAIT), 0);
}

TEST_F(WatchdogTest, ANodeThatDoesNotListenKeepsItFromNothing) {
  // Until no byte more fits.
  const std::string full(1 << 20, 'x');
  while (send(life_[1], full.data(), full.size(), MSG_DONTWAIT) > 0) {
  }
  std::promise<void> looked;
  const StepWatch::Step step = steps_.Begin("decode", {17});
  bool told = false;
  const Watchdog watchdog(steps_, life_[1], [&](const StepWatch::Stall&) {
    if (!std::exchange(told, true)) looked.set_value();
  });
  clock_.Advance(absl::Seconds(2));

  EXPECT_EQ(looked.get_future().wait_for(absl::ToChronoSeconds(kPatience)),
            std::future_status::ready);
}

TEST(EndStalledTest, NamesTheFilmAndBlamesIt) {
  LeaseReturn leases;
  const StepWatch::Stall stall = {"decode", {17}, absl::Minutes(11), absl::Minutes(10)};
  EXPECT_EXIT(EndStalled("worker-0", stall, leases), ::testing::ExitedWithCode(kWorkerFilmStalled),
              "film_stalled.*\"job\":17.*(.|\n)*worker_stalled.*the limit is 10m");
}

TEST(EndStalledTest, BlamesNoFilmForADatabaseThatHangs) {
  LeaseReturn leases;
  const StepWatch::Stall stall = {"commit", {}, absl::Minutes(11), absl::Minutes(10)};
  EXPECT_EXIT(EndStalled("worker-0", stall, leases), ::testing::ExitedWithCode(kWorkerStalled),
              "'commit' does not end");
}

TEST(EndWithLastWordsTest, EndsWithTheCodeOnceTheyAreSaid) {
  EXPECT_EXIT(EndWithLastWords([] { (void)!write(STDERR_FILENO, "said", 4); }, kPatience, 4),
              ::testing::ExitedWithCode(4), "said");
}

TEST(EndWithLastWordsTest, EndsAllTheSameIfTheyNeverEnd) {
  const auto hang = [] {
    while (true) pause();
  };
  EXPECT_EXIT(EndWithLastWords(hang, absl::Milliseconds(10), 4), ::testing::ExitedWithCode(4), "");
}

}  // namespace
}  // namespace camnode
