// What LimitSpinning does to a program: this one, started again in a child.

#include "core/inference/device/openmp.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

namespace camnode {
namespace {

// How a child ends in which LimitSpinning came back.
constexpr int kCameBack = 17;

// The exit status of a child that sets its environment and calls LimitSpinning, the
// program's arguments being those that run only `test`.
int ExitOfLimited(const std::string& test, const std::function<void()>& set_environment) {
  std::string program = "openmp_test";
  std::string filter = "--gtest_filter=" + test;
  std::string disabled = "--gtest_also_run_disabled_tests";
  char* arguments[] = {program.data(), filter.data(), disabled.data(), nullptr};
  const pid_t child = fork();
  if (child == 0) {
    unsetenv(kSpinLimitVariable);
    unsetenv("OMP_WAIT_POLICY");
    set_environment();
    LimitSpinning(arguments);
    _exit(kCameBack);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Run by the tests below, in the program that was started again.
TEST(OpenMpTest, DISABLED_TheLimitIsInTheEnvironment) {
  const char* limit = std::getenv(kSpinLimitVariable);
  ASSERT_NE(limit, nullptr);
  EXPECT_STREQ(limit, kSpinLimit);
}

TEST(OpenMpTest, DISABLED_Fails) { FAIL() << "as it is told to"; }

TEST(OpenMpTest, StartsTheProgramAgainWithTheLimitAndItsArguments) {
  EXPECT_EQ(ExitOfLimited("OpenMpTest.DISABLED_TheLimitIsInTheEnvironment", [] {}), 0);
  EXPECT_EQ(ExitOfLimited("OpenMpTest.DISABLED_Fails", [] {}), 1);
}

TEST(OpenMpTest, LeavesALimitThatSomebodySet) {
  EXPECT_EQ(ExitOfLimited("OpenMpTest.DISABLED_Fails",
                          [] { setenv(kSpinLimitVariable, "5", /*overwrite=*/1); }),
            kCameBack);
}

TEST(OpenMpTest, LeavesAWaitPolicyThatSomebodySet) {
  EXPECT_EQ(ExitOfLimited("OpenMpTest.DISABLED_Fails",
                          [] { setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/1); }),
            kCameBack);
}

}  // namespace
}  // namespace camnode
