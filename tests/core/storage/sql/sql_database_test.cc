// What every store takes for granted about the database below it.
// Also: open_database, postgres_connection, postgres_database, read_pool, sql_connection,
// sqlite_connection, sqlite_database.

#include "core/storage/sql/sql_database.h"

#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <thread>

#include "core/base/status_macros.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/postgres_connection.h"
#include "core/storage/sql/sqlite_connection.h"
#include "core/storage/sql/sqlite_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

class SqlDatabaseTest : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    if (IsSkipped()) return;
    const std::string blob = sqlite() ? "BLOB" : "BYTEA";
    const std::string real = sqlite() ? "REAL" : "DOUBLE PRECISION";
    ASSERT_THAT(Execute("CREATE TABLE thing (id BIGINT PRIMARY KEY, word TEXT, number " + real +
                        ", bytes " + blob + ")"),
                IsOk());
  }

  static absl::Status Insert(SqlDatabase& database, int64_t id, const std::string& word = "x") {
    return database.Write([&](SqlTransaction& transaction) {
      return transaction
          .Execute("INSERT INTO thing (id, word) VALUES (:id, :word)", {{"id", id}, {"word", word}})
          .status();
    });
  }

  int64_t Count() { return AskInt("SELECT COUNT(*) FROM thing"); }
};
CAMNODE_TEST_ON_ALL_DATABASES(SqlDatabaseTest);

TEST_P(SqlDatabaseTest, ValuesComeBackAsTheyWent) {
  const int64_t smallest = std::numeric_limits<int64_t>::min();
  const double tiny = std::numeric_limits<double>::denorm_min();
  const std::string bytes("\0\xFF\x01'\\", 5);
  ASSERT_THAT(database().Write([&](SqlTransaction& transaction) {
    return transaction
        .Execute("INSERT INTO thing (id, word, number, bytes) VALUES (:id, :word, :number, :bytes)",
                 {{"number", tiny},
                  {"bytes", SqlBlob{bytes}},
                  {"id", smallest},
                  {"word", "it's \xC3\xBC :id \\"}})
        .status();
  }),
              IsOk());
  ASSERT_THAT(Insert(database(), 1, ""), IsOk());
  ASSERT_THAT(database().Read([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query("SELECT id, word, number, bytes FROM thing ORDER BY id", {}));
    EXPECT_EQ(rows.at(0).Int(0), smallest);
    EXPECT_EQ(rows.at(0).Text(1), "it's \xC3\xBC :id \\");
    EXPECT_EQ(rows.at(0).Real(2), tiny);
    EXPECT_EQ(rows.at(0).Text(3), bytes);
    EXPECT_FALSE(rows.at(1).IsNull(1));
    EXPECT_EQ(rows.at(1).Text(1), "");
    EXPECT_TRUE(rows.at(1).IsNull(2));
    EXPECT_EQ(rows.at(1).Real(2), 0.0);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(SqlDatabaseTest, NamesItsErrorsByWhatTheCallerShouldDo) {
  ASSERT_THAT(Insert(database(), 1), IsOk());
  EXPECT_THAT(Insert(database(), 1), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(Execute("SELEKT 1"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Execute("SELECT 1 FROM nowhere"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(Execute("SELECT 1 FROM thing WHERE id = :id"), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(database().Write([](SqlTransaction& transaction) {
    return transaction.Execute("SELECT 1 FROM thing", {{"id", 1}}).status();
  }),
              StatusIs(absl::StatusCode::kInternal));
}

// Values may be a patient's; messages reach logs.
TEST_P(SqlDatabaseTest, ErrorMessagesDoNotQuoteValues) {
  ASSERT_THAT(Execute("CREATE UNIQUE INDEX thing_word ON thing (word)"), IsOk());
  ASSERT_THAT(Insert(database(), 1, "Mustermann"), IsOk());
  const absl::Status status = Insert(database(), 2, "Mustermann");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("Mustermann")));
}

TEST_P(SqlDatabaseTest, AFailedWriteLeavesNothing) {
  EXPECT_THAT(database().Write([](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(transaction.Execute("INSERT INTO thing (id) VALUES (1)", {}).status());
    return absl::AbortedError("changed my mind");
  }),
              StatusIs(absl::StatusCode::kAborted, "changed my mind"));
  EXPECT_EQ(Count(), 0);
}

TEST_P(SqlDatabaseTest, AReadCannotChangeAnything) {
  EXPECT_THAT(database().Read([](SqlTransaction& transaction) {
    return transaction.Execute("INSERT INTO thing (id) VALUES (1)", {}).status();
  }),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_FALSE(
      database()
          .Read([](SqlTransaction& transaction) {
            return transaction.Query("INSERT INTO thing (id) VALUES (1) RETURNING id", {}).status();
          })
          .ok());
  EXPECT_EQ(Count(), 0);
}

TEST_P(SqlDatabaseTest, AReadSeesOneMoment) {
  OpenedDatabase other = OpenAnother();
  ASSERT_THAT(database().Read([&](SqlTransaction& transaction) -> absl::Status {
    const char* count = "SELECT COUNT(*) FROM thing";
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> before, transaction.Query(count, {}));
    CAMNODE_RETURN_IF_ERROR(Insert(*other.database, 1));
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> after, transaction.Query(count, {}));
    EXPECT_EQ(before.at(0).Int(0), 0);
    EXPECT_EQ(after.at(0).Int(0), 0);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Count(), 1);
}

TEST_P(SqlDatabaseTest, ManyReadersShareAFewConnections) {
  std::vector<std::thread> readers;
  std::atomic<int> failures{0};
  for (int reader = 0; reader < 24; ++reader) {
    readers.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        const absl::Status status = database().Read([](SqlTransaction& transaction) {
          return transaction.Query("SELECT COUNT(*) FROM thing", {}).status();
        });
        if (!status.ok()) ++failures;
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(failures, 0);
}

TEST_P(SqlDatabaseTest, TwoDatabasesWriteWithoutLoss) {
  OpenedDatabase other = OpenAnother();
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    SqlDatabase& target = writer % 2 == 0 ? database() : *other.database;
    writers.emplace_back([&target, writer] {
      for (int i = 0; i < 25; ++i) EXPECT_THAT(Insert(target, writer * 25 + i), IsOk());
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(Count(), 100);
}

class SqliteTest : public SqlDatabaseTest {};
INSTANTIATE_TEST_SUITE_P(Databases, SqliteTest, ::testing::Values("sqlite"));

// Concurrent callers, one real file: fewer commits, and so fewer syncs, than calls.
TEST_P(SqliteTest, ABurstSharesCommits) {
  auto& sqlite_database = static_cast<SqliteDatabase&>(database());
  const int64_t before = sqlite_database.statistics().commits;
  std::vector<std::thread> senders;
  // Held up at the lock, all but the first must wait together.
  std::atomic<int64_t> inserted{0};
  for (int sender = 0; sender < 16; ++sender) {
    senders.emplace_back([&, sender] {
      EXPECT_THAT(database().Write([&, sender](SqlTransaction& transaction) -> absl::Status {
        if (inserted++ == 0) {
          while (sqlite_database.statistics().waiting < 15) std::this_thread::yield();
        }
        return transaction.Execute("INSERT INTO thing (id) VALUES (:id)", {{"id", sender}})
            .status();
      }),
                  IsOk());
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(Count(), 16);
  EXPECT_EQ(sqlite_database.statistics().commits - before, 1);
}

TEST_P(SqliteTest, AFullDatabaseFileIsResourceExhaustedAndGoesOnWhenThereIsRoom) {
  const auto limit_pages = [&](const std::string& pages) {
    return database().Write([&](SqlTransaction& transaction) {
      return transaction.Query("PRAGMA max_page_count = " + pages, {}).status();
    });
  };
  ASSERT_THAT(limit_pages("1"), IsOk());  // SQLite raises it to what there is.
  EXPECT_THAT(Insert(database(), 1, std::string(1'000'000, 'x')),
              StatusIs(absl::StatusCode::kResourceExhausted));
  ASSERT_THAT(limit_pages("100000"), IsOk());
  EXPECT_THAT(Insert(database(), 1, std::string(1'000'000, 'x')), IsOk());
  EXPECT_EQ(Count(), 1);
}

// Otherwise a count over a long queue leaves megabytes in the heap of every thread.
TEST_P(SqliteTest, AReaderKeepsLittleOfALargeTable) {
  for (int i = 0; i < 4; ++i) {
    ASSERT_THAT(Insert(database(), i, std::string(1'000'000, 'x')), IsOk());
  }
  EXPECT_EQ(Count(), 4);  // By the connection that is asked again below.
  const int64_t before = sqlite3_memory_used();
  EXPECT_EQ(AskInt("SELECT SUM(LENGTH(word)) FROM thing WHERE word LIKE '%x'"), 4'000'000);
  EXPECT_LT(sqlite3_memory_used() - before, 600'000);
}

TEST_P(SqliteTest, TheLogIsCopiedIntoTheDatabaseAndBegunAnew) {
  for (int i = 0; i < 60; ++i) {
    ASSERT_THAT(Insert(database(), i, std::string(1'000'000, 'x')), IsOk());
  }
  EXPECT_LT(std::filesystem::file_size(directory_.path() + "/camnode.db-wal"), 25'000'000u);
  EXPECT_EQ(Count(), 60);
}

TEST_P(SqliteTest, AFileThatIsNoDatabaseIsInternal) {
  const std::string file = directory_.path() + "/garbage.db";
  std::ofstream(file) << std::string(10'000, 'g');
  EXPECT_THAT(OpenDatabase("sqlite:" + file, directory_.path()).status(),
              StatusIs(absl::StatusCode::kInternal, HasSubstr("garbage.db")));
}

TEST_P(SqliteTest, AMissingDirectoryIsUnavailable) {
  EXPECT_THAT(OpenDatabase("sqlite:/nowhere/at/all/camnode.db", directory_.path()).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("/nowhere/at/all")));
}

TEST_P(SqliteTest, TheRulesOfTheFileHold) {
  EXPECT_EQ(Ask("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(Ask("PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(Ask("PRAGMA foreign_keys"), "1");
}

class PostgresTest : public SqlDatabaseTest {};
INSTANTIATE_TEST_SUITE_P(Databases, PostgresTest, ::testing::Values("postgresql"));

// A database or role may have been told to answer before its commits are on disk.
TEST_P(PostgresTest, ACommitWaitsForTheDiskWhateverTheDatabasesDefault) {
  ASSERT_THAT(
      Execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', "
              "current_database()); END $$"),
      IsOk());
  const std::unique_ptr<PostgresConnection> later = *PostgresConnection::Open(uri_);
  const absl::StatusOr<std::vector<SqlRow>> rows =
      later->Query("SELECT current_setting('synchronous_commit')", {});
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->at(0).Text(0), "on");
}

TEST_P(PostgresTest, ALostConnectionIsOpenedAgain) {
  ASSERT_THAT(Insert(database(), 1), IsOk());
  EXPECT_EQ(Count(), 1);  // Now there is a pooled reader as well.
  const std::unique_ptr<PostgresConnection> executioner = *PostgresConnection::Open(uri_);
  ASSERT_THAT(executioner->Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                 "WHERE pid <> pg_backend_pid() AND backend_type = "
                                 "'client backend'",
                                 {}),
              IsOk());
  EXPECT_THAT(Insert(database(), 2), IsOk());
  EXPECT_EQ(Count(), 2);
}

TEST_P(PostgresTest, AConnectionLostInTheMiddleRunsTheWorkAgainOrSaysUnavailable) {
  std::atomic<int> runs{0};
  const absl::Status status = database().Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(transaction.Execute("INSERT INTO thing (id) VALUES (1)", {}).status());
    if (runs++ == 0) {
      // Ends this very session.
      CAMNODE_RETURN_IF_ERROR(
          transaction.Query("SELECT pg_terminate_backend(pg_backend_pid())", {}).status());
    }
    return transaction.Execute("INSERT INTO thing (id) VALUES (2)", {}).status();
  });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Count(), 0);
  EXPECT_THAT(Insert(database(), 1), IsOk());
}

// Two nodes lock two rows crosswise.  PostgreSQL ends one transaction; its caller
// must not notice.
TEST_P(PostgresTest, TheVictimOfADeadlockRunsAgain) {
  ASSERT_THAT(Insert(database(), 1, ""), IsOk());
  ASSERT_THAT(Insert(database(), 2, ""), IsOk());
  OpenedDatabase other = OpenAnother();
  std::atomic<int> arrived{0};
  std::atomic<int> runs{0};
  const auto update = [&](SqlDatabase& target, int64_t first, int64_t second) {
    return target.Write([&, first, second](SqlTransaction& transaction) -> absl::Status {
      const char* sql = "UPDATE thing SET word = word || 'x' WHERE id = :id";
      ++runs;
      CAMNODE_RETURN_IF_ERROR(transaction.Execute(sql, {{"id", first}}).status());
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
      return transaction.Execute(sql, {{"id", second}}).status();
    });
  };
  absl::Status theirs;
  std::thread thread([&] { theirs = update(*other.database, 2, 1); });
  const absl::Status mine = update(database(), 1, 2);
  thread.join();
  EXPECT_THAT(mine, IsOk());
  EXPECT_THAT(theirs, IsOk());
  EXPECT_GE(runs, 3) << "no deadlock came about";  // More: a victim met another one.
  EXPECT_EQ(Ask("SELECT word FROM thing WHERE id = 1"), "xx");
  EXPECT_EQ(Ask("SELECT word FROM thing WHERE id = 2"), "xx");
}

// The rows name studies.  A database of an earlier version was open to all.
TEST(OpenDatabaseTest, NobodyElseMayReadTheFilesOfSqlite) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/camnode.db";
  const auto mode_of = [](const std::string& path) {
    return std::filesystem::status(path).permissions() & std::filesystem::perms::mask;
  };
  for (int run = 0; run < 2; ++run) {
    const auto opened = OpenDatabase("sqlite:" + file, directory.path());
    ASSERT_THAT(opened, IsOk());
    ASSERT_THAT(Migrate(*opened->database), IsOk());
    for (const std::string& path : {file, file + "-wal", file + "-shm"}) {
      EXPECT_EQ(mode_of(path),
                std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
          << path;
      // For the second run.
      std::filesystem::permissions(path, std::filesystem::perms::others_read,
                                   std::filesystem::perm_options::add);
    }
  }
}

TEST(OpenDatabaseTest, RefusesOtherSchemesWithoutQuotingThem) {
  const TemporaryDirectory directory;
  for (const char* uri : {"mysql://user:secret@host/db", "sqlite:", "", "/file.db"}) {
    EXPECT_THAT(OpenDatabase(uri, directory.path()).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, ::testing::Not(HasSubstr("secret"))));
  }
}

TEST(OpenDatabaseTest, AServerThatIsNotThereIsUnavailable) {
  const TemporaryDirectory directory;
  EXPECT_THAT(OpenDatabase("postgresql://user:secret@/db?host=/nowhere", directory.path()).status(),
              StatusIs(absl::StatusCode::kUnavailable, ::testing::Not(HasSubstr("secret"))));
}

TEST(ErrorTableTest, SqliteCodesSayWhatToDo) {
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_FULL), absl::StatusCode::kResourceExhausted);
  for (const int code : {SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_IOERR_FSYNC,
                         SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_BUSY_SNAPSHOT}) {
    EXPECT_EQ(StatusCodeOfSqlite(code), absl::StatusCode::kUnavailable) << code;
  }
  // kDataLoss would bury the job in hand and tell a sender that its film is bad.
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_CORRUPT), absl::StatusCode::kInternal);
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_NOTADB), absl::StatusCode::kInternal);
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_CONSTRAINT_UNIQUE), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_CONSTRAINT_PRIMARYKEY), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_CONSTRAINT_NOTNULL), absl::StatusCode::kInternal);
  EXPECT_EQ(StatusCodeOfSqlite(SQLITE_ERROR), absl::StatusCode::kInternal);
}

TEST(ErrorTableTest, SqlStatesSayWhatToDo) {
  EXPECT_EQ(StatusCodeOfSqlState("53100"), absl::StatusCode::kResourceExhausted);
  for (const char* state : {"", "08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03",
                            "58030", "25006", "25P03"}) {
    EXPECT_EQ(StatusCodeOfSqlState(state), absl::StatusCode::kUnavailable) << state;
  }
  EXPECT_EQ(StatusCodeOfSqlState("XX001"), absl::StatusCode::kInternal);
  EXPECT_EQ(StatusCodeOfSqlState("23505"), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(StatusCodeOfSqlState("23503"), absl::StatusCode::kInternal);
  EXPECT_EQ(StatusCodeOfSqlState("42601"), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace camnode
