#include "services/privileges/process_rights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <new>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/services/privileges/in_child.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A line of /proc/self/status, as "NoNewPrivs:\t1".
std::string StatusLine(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (absl::StartsWith(line, name + ":")) return line;
  }
  return "";
}

TEST(ProcessRightsTest, RootIsRefusedUnlessToldAndHearsWhatToDo) {
  EXPECT_THAT(CheckUser(true), IsOk());
  if (geteuid() != 0) {
    EXPECT_THAT(CheckUser(false), IsOk());
    return;
  }
  const absl::Status refused = CheckUser(false);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(std::string(refused.message()),
              AllOf(HasSubstr("root"), HasSubstr("allow_root: true")));
  const ChildEnd other = InChild([] {
    return setresuid(65534, 65534, 65534) == 0 ? CheckUser(false).ToString() : "cannot change user";
  });
  EXPECT_EQ(other.said, "OK");
}

TEST(ProcessRightsTest, ACrashWritesNoCoreAndNobodyOfTheSameUserReadsTheMemory) {
  const ChildEnd end = InChild([] {
    const absl::Status status = ForbidCoreDumps();
    rlimit limit{};
    getrlimit(RLIMIT_CORE, &limit);
    return absl::StrCat(status.ToString(), " ", limit.rlim_cur, " ", limit.rlim_max, " ",
                        prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  });
  EXPECT_EQ(end.said, "OK 0 0 0");
}

TEST(ProcessRightsTest, WithoutNewPrivilegesOnlyOneCapabilityOfRootIsLeft) {
  const ChildEnd end = InChild([] {
    ForbidNewPrivileges().IgnoreError();
    DropCapabilities().IgnoreError();
    return absl::StrCat(StatusLine("NoNewPrivs"), " ", StatusLine("CapEff"), " ",
                        StatusLine("CapPrm"));
  });
  // CAP_DAC_OVERRIDE is bit 1.
  const char* const left = geteuid() == 0 ? "0000000000000002" : "0000000000000000";
  EXPECT_EQ(end.said, absl::StrCat("NoNewPrivs:\t1 CapEff:\t", left, " CapPrm:\t", left));
}

TEST(ProcessRightsTest, MemoryBeyondTheBoundIsNotThereAndTheProgramGoesOn) {
#if defined(CAMNODE_SANITIZE_ADDRESS) || defined(CAMNODE_SANITIZE_THREAD)
  GTEST_SKIP() << "the sanitizer's own memory counts, too";
#endif
  const auto take = [](size_t bytes) -> std::string {
    try {
      const std::string taken(bytes, 'x');
      return taken.back() == 'x' ? "taken" : "?";
    } catch (const std::bad_alloc&) {
      return "out of memory";
    }
  };
  const ChildEnd end = InChild([&] {
    const absl::Status status = LimitMemory(int64_t{256} << 20);
    return absl::StrCat(status.ToString(), ": ", take(size_t{1} << 30), ", ", take(1 << 20));
  });
  EXPECT_EQ(end.said, "OK: out of memory, taken");
  const ChildEnd none = InChild([&] {
    LimitMemory(0).IgnoreError();
    return take(size_t{300} << 20);
  });
  EXPECT_EQ(none.said, "taken");
  const ChildEnd lower_stays = InChild([&] {
    LimitMemory(int64_t{256} << 20).IgnoreError();
    return absl::StrCat(LimitMemory(int64_t{1} << 40).ToString(), ": ", take(size_t{1} << 30));
  });
  EXPECT_EQ(lower_stays.said, "OK: out of memory");
}

}  // namespace
}  // namespace camnode
