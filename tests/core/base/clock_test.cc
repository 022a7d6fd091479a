// The machine's clock beside what the kernel says.

#include "core/base/clock.h"

#include <gtest/gtest.h>
#include <time.h>

#include "absl/time/time.h"

namespace camnode {
namespace {

absl::Duration Monotonic() {
  timespec time = {};
  EXPECT_EQ(clock_gettime(CLOCK_MONOTONIC, &time), 0);
  return absl::DurationFromTimespec(time);
}

TEST(ClockTest, TheMonotonicTimeIsTheKernels) {
  const absl::Duration before = Monotonic();
  const absl::Duration now = SystemClock().MonotonicNow();
  const absl::Duration after = Monotonic();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

TEST(ClockTest, TheDateIsTheKernels) {
  timespec time = {};
  ASSERT_EQ(clock_gettime(CLOCK_REALTIME, &time), 0);
  const absl::Time before = absl::TimeFromTimespec(time);
  // Abseil reckons the date from a counter of the processor; an hour would be a wrong clock.
  EXPECT_LT(absl::AbsDuration(SystemClock().Now() - before), absl::Minutes(1));
}

TEST(ClockTest, IsOneForTheWholeProcess) { EXPECT_EQ(&SystemClock(), &SystemClock()); }

TEST(ClockTest, StoresDatesAsMillisecondsSince1970) {
  EXPECT_EQ(ToUnixMs(absl::UnixEpoch()), 0);
  EXPECT_EQ(ToUnixMs(absl::FromUnixSeconds(1) + absl::Microseconds(1999)), 1001);
  EXPECT_EQ(ToUnixMs(absl::UnixEpoch() - absl::Milliseconds(1)), -1);
  EXPECT_EQ(ToUnixMs(FromUnixMs(1764423144123)), 1764423144123);
}

}  // namespace
}  // namespace camnode
