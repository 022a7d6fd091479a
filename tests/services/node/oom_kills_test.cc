#include "services/node/oom_kills.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

class OomKillsTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const std::string& text) {
    const std::string file = directory_.path() + path;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
  }

  TemporaryDirectory directory_;
};

TEST_F(OomKillsTest, AreThoseOfTheControlGroup) {
  Write("/proc/self/cgroup", "1:name=systemd:/other\n0::/system.slice/camnode.service\n");
  Write("/sys/fs/cgroup/system.slice/camnode.service/memory.events",
        "low 0\nhigh 3\nmax 8\noom 2\noom_kill 5\noom_group_kill 0\n");
  Write("/proc/vmstat", "nr_free_pages 100\noom_kill 7\n");

  EXPECT_EQ(CountOomKills(directory_.path()), 5);
}

TEST_F(OomKillsTest, WithoutAGroupAreThoseOfTheSystem) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/proc/vmstat", "nr_free_pages 100\noom_kill 7\n");

  EXPECT_EQ(CountOomKills(directory_.path()), 7);
}

TEST_F(OomKillsTest, AreNoneWhereNobodySays) { EXPECT_EQ(CountOomKills(directory_.path()), 0); }

TEST_F(OomKillsTest, CanBeReadHere) { EXPECT_GE(CountOomKills(), 0); }

}  // namespace
}  // namespace camnode
