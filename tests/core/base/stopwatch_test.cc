// Durations and deadlines, while somebody sets the clock.

#include "core/base/stopwatch.h"

#include <gtest/gtest.h>

#include "tests/testing/fake_clock.h"

namespace camnode {
namespace {

TEST(StopwatchTest, CountsFromItsConstruction) {
  FakeClock clock;
  clock.Advance(absl::Minutes(1));
  const Stopwatch stopwatch(clock);
  EXPECT_EQ(stopwatch.Elapsed(), absl::ZeroDuration());
  clock.Advance(absl::Milliseconds(1500));
  EXPECT_EQ(stopwatch.Elapsed(), absl::Milliseconds(1500));
}

TEST(StopwatchTest, DoesNotCareWhatTheDateIsSetTo) {
  FakeClock clock;
  const Stopwatch stopwatch(clock);
  clock.Advance(absl::Seconds(1));
  clock.StepWallClock(-absl::Hours(1));
  EXPECT_EQ(stopwatch.Elapsed(), absl::Seconds(1));
  clock.StepWallClock(absl::Hours(2));
  EXPECT_EQ(stopwatch.Elapsed(), absl::Seconds(1));
}

TEST(StopwatchTest, TheMachinesNeverGoesBack) {
  const Stopwatch stopwatch;
  absl::Duration last = stopwatch.Elapsed();
  EXPECT_GE(last, absl::ZeroDuration());
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = stopwatch.Elapsed();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(DeadlineTest, ExpiresWhenTheTimeHasPassed) {
  FakeClock clock;
  const Deadline deadline(absl::Seconds(10), clock);
  clock.Advance(absl::Milliseconds(9999));
  EXPECT_FALSE(deadline.Expired());
  EXPECT_EQ(deadline.Remaining(), absl::Milliseconds(1));
  clock.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(deadline.Expired());
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(deadline.Remaining(), absl::ZeroDuration());
}

TEST(DeadlineTest, IsNeitherPutOffNorReachedBySettingTheDate) {
  FakeClock clock;
  const Deadline deadline(absl::Seconds(10), clock);
  clock.StepWallClock(absl::Hours(1));
  EXPECT_FALSE(deadline.Expired());
  clock.StepWallClock(-absl::Hours(2));
  clock.Advance(absl::Seconds(10));
  EXPECT_TRUE(deadline.Expired());
}

TEST(DeadlineTest, OfNoTimeHasPassedAndOfAllTimeNeverDoes) {
  FakeClock clock;
  EXPECT_TRUE(Deadline(absl::ZeroDuration(), clock).Expired());
  EXPECT_TRUE(Deadline(-absl::InfiniteDuration(), clock).Expired());
  const Deadline never(absl::InfiniteDuration(), clock);
  clock.Advance(absl::Hours(1'000'000));
  EXPECT_FALSE(never.Expired());
  EXPECT_EQ(never.Remaining(), absl::InfiniteDuration());
}

TEST(DeadlineTest, IsADateForThoseWhoWantOneAndComesBackFromIt) {
  const absl::Duration left = Deadline::At(Deadline(absl::Hours(1)).AsDate()).Remaining();
  EXPECT_GT(left, absl::Minutes(59));
  EXPECT_LE(left, absl::Hours(1));
  EXPECT_TRUE(Deadline::At(Deadline(absl::ZeroDuration()).AsDate()).Expired());
}

TEST(DeadlineTest, ThatNeverPassesIsTheLastDateThereIs) {
  const auto never = Deadline(absl::InfiniteDuration()).AsDate();
  EXPECT_EQ(never, decltype(never)::max());
  EXPECT_GT(Deadline::At(never).Remaining(), absl::Hours(24 * 365));
}

}  // namespace
}  // namespace camnode
