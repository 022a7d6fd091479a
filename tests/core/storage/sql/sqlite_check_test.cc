// A damaged database is reported and left alone.

#include "core/storage/sql/sqlite_check.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Overwrite(const std::string& path, int64_t at, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << bytes;
}

class SqliteCheckTest : public ::testing::Test {
 protected:
  // A migrated database; with `leave_log` as a program that died leaves it.
  void Make(bool leave_log) {
    absl::StatusOr<OpenedDatabase> opened = OpenDatabase("sqlite:" + file_, directory_.path());
    ASSERT_THAT(opened, IsOk());
    ASSERT_THAT(Migrate(*opened->database), IsOk());
    if (!leave_log) return;
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(file_ + suffix, file_ + suffix + ".copy");
    }
    *opened = OpenedDatabase();
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::rename(file_ + suffix + ".copy", file_ + suffix);
    }
  }

  TemporaryDirectory directory_;
  const std::string file_ = directory_.path() + "/camnode.db";
};

TEST_F(SqliteCheckTest, ASoundDatabaseOrNoneIsWell) {
  EXPECT_THAT(CheckSqliteFile(file_), IsOk());
  std::ofstream(file_).close();
  EXPECT_THAT(CheckSqliteFile(file_), IsOk());
  Make(false);
  EXPECT_THAT(CheckSqliteFile(file_), IsOk());
}

TEST_F(SqliteCheckTest, ALogThatWasLeftBehindIsReadAndLeftThere) {
  Make(true);
  const std::string log = Bytes(file_ + "-wal");
  ASSERT_FALSE(log.empty());
  const std::string before = Bytes(file_);

  EXPECT_THAT(CheckSqliteFile(file_), IsOk());

  EXPECT_EQ(Bytes(file_ + "-wal"), log);
  EXPECT_EQ(Bytes(file_), before);
}

TEST_F(SqliteCheckTest, DamageIsReportedWithTheFileAndNothingIsChanged) {
  Make(false);
  const auto size = static_cast<int64_t>(std::filesystem::file_size(file_));
  for (const int64_t at : {int64_t{0}, size / 2 / 4096 * 4096, size - 4096}) {
    const std::string sound = Bytes(file_);
    Overwrite(file_, at, std::string(200, '\xA5'));
    const std::string damaged = Bytes(file_);

    EXPECT_THAT(CheckSqliteFile(file_),
                StatusIs(absl::StatusCode::kDataLoss,
                         AllOf(HasSubstr(file_ + " is damaged"), Not(HasSubstr("\n")),
                               HasSubstr("changed nothing"))))
        << at;

    EXPECT_EQ(Bytes(file_), damaged) << at;
    std::ofstream(file_, std::ios::binary) << sound;
  }
}

// One table of 2,500 pages: SQLite walks through it in one step.
TEST_F(SqliteCheckTest, ACheckIsBrokenOffWithinATable) {
  absl::StatusOr<OpenedDatabase> opened = OpenDatabase("sqlite:" + file_, directory_.path());
  ASSERT_THAT(opened, IsOk());
  ASSERT_THAT(opened->database->Write([](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(
        transaction.Execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, word TEXT)", {}).status());
    return transaction
        .Execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 2500) "
            "INSERT INTO thing SELECT n, printf('%4000d', n) FROM n",
            {})
        .status();
  }),
              IsOk());
  *opened = OpenedDatabase();
  int looks = 0;
  EXPECT_THAT(CheckSqliteFile(file_, [&looks] { return ++looks >= 100; }),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(looks, 100) << "not one page more";
  EXPECT_THAT(CheckSqliteFile(file_, [&looks] { return ++looks < 0; }), IsOk());
  EXPECT_GT(looks, 2600) << "every page was read";
}

// It reads one moment: what is written meanwhile neither disturbs it nor waits for it.
TEST_F(SqliteCheckTest, OthersWriteWhileACheckGoesOn) {
  Make(false);
  absl::StatusOr<OpenedDatabase> opened = OpenDatabase("sqlite:" + file_, directory_.path());
  ASSERT_THAT(opened, IsOk());
  int written = 0;
  EXPECT_THAT(
      CheckSqliteFile(
          file_,
          [&] {
            const absl::Status status = opened->database->Write([](SqlTransaction& transaction) {
              return transaction.Execute("UPDATE storage_probe SET probes = probes + 1", {})
                  .status();
            });
            written += status.ok() ? 1 : 0;
            return false;
          }),
      IsOk());
  EXPECT_GT(written, 10);
}

TEST_F(SqliteCheckTest, AFileCutShortIsDamaged) {
  Make(false);
  std::filesystem::resize_file(file_, 8192);
  EXPECT_THAT(CheckSqliteFile(file_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(SqliteCheckTest, AFileThatCannotBeReadIsUnavailable) {
  std::filesystem::create_directory(file_);
  EXPECT_THAT(CheckSqliteFile(file_), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace camnode
