// How a program ends whose log has a thread of its own.
// Also: log.

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>

#include "core/base/log.h"

namespace camnode {
namespace {

// Each runs in a process of its own.
void LogALot() {
  StartLogThread();
  for (int i = 1; i <= 500; ++i) Log(LogLevel::kInfo, "line", {{LogField::kCount, i}});
}

TEST(LogThreadTest, ACrashWritesTheLinesBeforeIt) {
  const auto crash = [] {
    LogALot();
    raise(SIGSEGV);
  };
  EXPECT_EXIT(crash(), ::testing::KilledBySignal(SIGSEGV), "\"count\":500}");
}

TEST(LogThreadTest, AnAbortWritesTheLinesBeforeIt) {
  const auto abort = [] {
    LogALot();
    std::abort();
  };
  EXPECT_EXIT(abort(), ::testing::KilledBySignal(SIGABRT), "\"count\":500}");
}

TEST(LogThreadTest, AnEndAtOnceWritesTheLinesBeforeIt) {
  const auto end = [] {
    LogALot();
    ExitAtOnce(4);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(4), "\"count\":500}");
}

TEST(LogThreadTest, AnExitWritesTheLinesBeforeIt) {
  const auto end = [] {
    LogALot();
    std::exit(0);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(0), "\"count\":500}");
}

}  // namespace
}  // namespace camnode
