// Each test runs in a process of its own, because the point reads its variables
// once; it really dies.

#include "core/base/crash_point.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace camnode {
namespace {

class CrashPointDeathTest : public ::testing::Test {
 protected:
  CrashPointDeathTest() { std::filesystem::remove(once_); }
  ~CrashPointDeathTest() override { std::filesystem::remove(once_); }

  void Arm() {
    ::setenv("CAMNODE_CRASH_AT", "after_blob_rename", 1);
    ::setenv("CAMNODE_CRASH_ONCE", once_.c_str(), 1);
  }

  const std::string once_ =
      testing::TempDir() + "crash_point_test_once." + std::to_string(::getpid());
};

TEST_F(CrashPointDeathTest, KillsTheFirstProcessThatArrivesAndNoOther) {
  const auto arrive = [this] {
    Arm();
    CrashPoint("after_blob_rename");
    std::_Exit(7);
  };
  EXPECT_EXIT(arrive(), testing::KilledBySignal(SIGKILL), "");
  EXPECT_TRUE(std::filesystem::exists(once_));
  EXPECT_EXIT(arrive(), testing::ExitedWithCode(7), "");
}

TEST_F(CrashPointDeathTest, PassesEveryOtherName) {
  const auto arrive = [this] {
    Arm();
    CrashPoint("after_blob");
    CrashPoint("after_blob_rename_2");
    std::_Exit(7);
  };
  EXPECT_EXIT(arrive(), testing::ExitedWithCode(7), "");
  EXPECT_FALSE(std::filesystem::exists(once_));
}

TEST_F(CrashPointDeathTest, PassesWhenItCannotSayThatItDied) {
  const auto arrive = [] {
    ::setenv("CAMNODE_CRASH_AT", "after_blob_rename", 1);
    ::setenv("CAMNODE_CRASH_ONCE", "/nowhere/once", 1);
    CrashPoint("after_blob_rename");
    std::_Exit(7);
  };
  EXPECT_EXIT(arrive(), testing::ExitedWithCode(7), "");
}

TEST_F(CrashPointDeathTest, DoesNothingUnlessArmed) {
  const auto arrive = [] {
    ::unsetenv("CAMNODE_CRASH_AT");
    CrashPoint("after_blob_rename");
    std::_Exit(7);
  };
  EXPECT_EXIT(arrive(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace camnode
