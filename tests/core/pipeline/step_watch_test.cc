#include "core/pipeline/step_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/fake_clock.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StepWatchTest : public ::testing::Test {
 protected:
  // Looks each second, as the watchdog does.  The first stall seen.
  absl::optional<StepWatch::Stall> Pass(absl::Duration duration) {
    for (absl::Duration passed; passed < duration; passed += kLookPeriod) {
      clock_.Advance(kLookPeriod);
      if (auto stall = watch_.Look(); stall.has_value()) return stall;
    }
    return absl::nullopt;
  }

  FakeClock clock_;
  StepWatch watch_{absl::Seconds(600), clock_};
};

TEST_F(StepWatchTest, AStepThatTakesTooLongIsNamedWithItsJob) {
  const StepWatch::Step step = watch_.Begin("decode", {17});
  EXPECT_FALSE(Pass(absl::Seconds(599)).has_value());
  EXPECT_EQ(watch_.Longest(), absl::Seconds(599));

  const auto stall = Pass(absl::Seconds(1));
  ASSERT_TRUE(stall.has_value());
  EXPECT_EQ(stall->name, "decode");
  EXPECT_THAT(stall->suspects, ElementsAre(17));
  EXPECT_EQ(stall->took, absl::Seconds(600));
}

TEST_F(StepWatchTest, ManyStepsThatEndAreNoStall) {
  for (int i = 0; i < 100; ++i) {
    const StepWatch::Step step = watch_.Begin("decode", {i});
    EXPECT_FALSE(Pass(absl::Seconds(20)).has_value());
  }
  EXPECT_EQ(watch_.Longest(), absl::ZeroDuration());
}

TEST_F(StepWatchTest, WhereStepsAreSlowOneMayTakeTwentyTimesAsLongAsMostDid) {
  for (int i = 0; i < 3; ++i) {
    const StepWatch::Step usual = watch_.Begin("compute", {i});
    Pass(absl::Seconds(50));
  }
  const StepWatch::Step slow = watch_.Begin("compute", {4});
  EXPECT_FALSE(Pass(absl::Seconds(999)).has_value());

  EXPECT_EQ(Pass(absl::Seconds(1))->limit, absl::Seconds(1000));
}

TEST_F(StepWatchTest, OtherStepsSlownessExcusesNone) {
  for (int i = 0; i < 3; ++i) {
    const StepWatch::Step usual = watch_.Begin("compute", {i});
    Pass(absl::Seconds(50));
  }
  const StepWatch::Step stuck = watch_.Begin("decode", {4});

  EXPECT_EQ(Pass(absl::Seconds(600))->name, "decode");
}

TEST_F(StepWatchTest, ADatabaseThatHangsIsNoFilmsFault) {
  const StepWatch::Step step = watch_.Begin("extend a lease");

  EXPECT_THAT(Pass(absl::Seconds(600))->suspects, IsEmpty());
}

TEST_F(StepWatchTest, TimeInWhichTheWholeProcessStoodStillDoesNotCount) {
  const StepWatch::Step step = watch_.Begin("decode", {17});
  Pass(absl::Seconds(10));
  clock_.Advance(absl::Hours(5));  // The machine slept.
  EXPECT_FALSE(watch_.Look().has_value());
  EXPECT_EQ(watch_.Longest(), absl::Seconds(12));
}

}  // namespace
}  // namespace camnode
