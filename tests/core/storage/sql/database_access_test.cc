#include "core/storage/sql/database_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DatabaseAccessTest : public ::testing::Test {
 protected:
  static int ModeOf(const std::string& path) {
    struct stat entry {};
    return ::stat(path.c_str(), &entry) == 0 ? static_cast<int>(entry.st_mode & 0777) : -1;
  }

  const TemporaryDirectory folder_;
  const std::string file_ = folder_.path() + "/camnode.db";
  const std::string uri_ = "sqlite:" + file_;
};

TEST_F(DatabaseAccessTest, AServerNeedsNoFile) {
  const auto access = PrepareDatabaseAccess("postgresql://db", folder_.path());
  ASSERT_THAT(access, IsOk());
  EXPECT_TRUE(access->server);
  EXPECT_THAT(access->files, IsEmpty());
  EXPECT_THAT(access->socket_folders, IsEmpty());
}

// A worker that made the database would take away from the node what is the node's to do.
TEST_F(DatabaseAccessTest, ADatabaseThatIsNotThereYetIsWaitedForAndNotMade) {
  EXPECT_THAT(PrepareDatabaseAccess(uri_, folder_.path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(file_)));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  std::ofstream(file_) << "SQLite format 3";  // Half a header.
  EXPECT_THAT(PrepareDatabaseAccess(uri_, folder_.path()),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(file_)));
}

TEST_F(DatabaseAccessTest, AllThatIsNamedIsThereAndStaysTheSameWhileTheDatabaseIsOpen) {
  {
    auto opened = OpenDatabase(uri_, folder_.path());
    ASSERT_THAT(opened, IsOk());
    ASSERT_THAT(Migrate(*opened->database), IsOk());
  }
  ASSERT_FALSE(std::filesystem::exists(file_ + "-wal")) << "the last to close it removes its log";

  const auto access = PrepareDatabaseAccess(uri_, folder_.path());

  ASSERT_THAT(access, IsOk());
  EXPECT_FALSE(access->server);
  EXPECT_THAT(access->files, ElementsAre(file_, file_ + "-wal", file_ + "-shm",
                                         folder_.path() + "/database.lock"));
  EXPECT_THAT(access->socket_folders, ElementsAre(folder_.path() + "/doorbell"));
  std::vector<ino_t> inodes;
  const auto inode = [](const std::string& path) {
    struct stat entry {};
    EXPECT_EQ(::stat(path.c_str(), &entry), 0) << path;
    return entry.st_ino;
  };
  for (const std::string& path : access->files) {
    EXPECT_EQ(ModeOf(path), 0600) << path;
    inodes.push_back(inode(path));
  }
  auto again = OpenDatabase(uri_, folder_.path());
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(CheckSchemaVersion(*again->database), IsOk());
  EXPECT_THAT(again->database->Write([](SqlTransaction& transaction) {
    return transaction.Execute("UPDATE event_counter SET last_number = last_number", {}).status();
  }),
              IsOk());
  for (size_t i = 0; i < inodes.size(); ++i) EXPECT_EQ(inode(access->files[i]), inodes[i]);
}

}  // namespace
}  // namespace camnode
