#include "core/base/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdlib>

namespace camnode {
namespace {

rlimit Limit() {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

// In a process of its own: a hard limit that was lowered stays so.
void RaiseFrom(rlim_t soft, rlim_t hard, int expected) {
  const rlimit before = {soft, hard};
  if (setrlimit(RLIMIT_NOFILE, &before) != 0) std::exit(2);
  const bool right = RaiseDescriptorLimit() == expected &&
                     Limit().rlim_cur == static_cast<rlim_t>(expected) && Limit().rlim_max == hard;
  std::exit(right ? 0 : 1);
}

TEST(DescriptorLimitTest, TheSoftLimitBecomesTheHardOne) {
  EXPECT_EXIT(RaiseFrom(100, 900, 900), ::testing::ExitedWithCode(0), "");
  EXPECT_EXIT(RaiseFrom(900, 900, 900), ::testing::ExitedWithCode(0), "");
}

TEST(DescriptorLimitTest, ButNoMoreThanIsOfUse) {
  if (Limit().rlim_max < 100'000) GTEST_SKIP() << "the hard limit here is lower";
  EXPECT_EXIT(RaiseFrom(1024, 100'000, 65'536), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace camnode
