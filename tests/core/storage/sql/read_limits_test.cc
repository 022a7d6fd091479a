// A read ends when nobody waits for it any more, and nobody waits for those who look.
// Also: core/storage/id_list, query_database, read_gate, read_pool.

#include "core/storage/sql/read_limits.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/storage/id_list.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/read_gate.h"
#include "core/storage/sql/sql_database.h"
#include "tests/core/storage/postgres_cluster.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// How long a test waits for what must come before it says that it did not.
constexpr absl::Duration kPatience = absl::Seconds(20);

ReadLimits Within(absl::Duration longest) {
  ReadLimits limits;
  limits.longest_read = longest;
  return limits;
}

absl::Status ReadOnce(SqlDatabase& database) { return ReadRows(database, "SELECT 1", {}).status(); }

class ReadLimitsTest : public StorageTest {
 protected:
  // Would run for longer than anybody waits.
  absl::Status ReadForEver(SqlDatabase& database) {
    return ReadRows(database,
                    sqlite() ? "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) "
                               "SELECT COUNT(*) FROM n"
                             : "SELECT pg_sleep(600)",
                    {})
        .status();
  }
};
CAMNODE_TEST_ON_ALL_DATABASES(ReadLimitsTest);

TEST_P(ReadLimitsTest, AReadEndsOnceItsCallerHasGone) {
  std::atomic<int> asked{0};
  ReadLimits limits;
  // The database is asked while it reads, or this would never come true.
  limits.cancelled = [&asked] { return ++asked > 5; };
  const Stopwatch stopwatch;
  {
    const ScopedReadLimits scope(limits);
    EXPECT_THAT(ReadForEver(database()), StatusIs(absl::StatusCode::kCancelled));
  }
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(5));
  EXPECT_THAT(ReadOnce(database()), IsOk()) << "the next reader is not troubled";
}

TEST_P(ReadLimitsTest, AReadEndsWithItsCall) {
  ReadLimits limits;
  limits.call_ends = Deadline(absl::Milliseconds(50));
  const ScopedReadLimits scope(limits);
  EXPECT_THAT(ReadForEver(*opened_.queries), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_P(ReadLimitsTest, AReadEndsByItsOwnLimitThoughTheCallGoesOn) {
  const ScopedReadLimits scope(Within(absl::Milliseconds(50)));
  EXPECT_THAT(ReadForEver(*opened_.queries),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("50ms")));
  EXPECT_THAT(ReadOnce(*opened_.queries), IsOk());
}

TEST_P(ReadLimitsTest, TheInnermostLimitsCountAndThoseAroundThemComeBack) {
  const ScopedReadLimits patient(Within(absl::Hours(1)));
  {
    const ScopedReadLimits hasty(Within(absl::Milliseconds(1)));
    EXPECT_THAT(ReadForEver(database()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  EXPECT_GT(ReadWatch().Remaining(), absl::Minutes(59));
}

// The limits are this thread's: what another one does has its own.
TEST_P(ReadLimitsTest, AnotherThreadKeepsTheDefault) {
  const ScopedReadLimits hasty(Within(absl::ZeroDuration()));
  absl::Status theirs;
  std::thread thread([&] { theirs = ReadOnce(database()); });
  thread.join();
  EXPECT_THAT(theirs, IsOk());
  EXPECT_THAT(ReadOnce(database()), StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_P(ReadLimitsTest, AWriteIsNotBoundByThem) {
  const ScopedReadLimits hasty(Within(absl::ZeroDuration()));
  EXPECT_THAT(Execute("UPDATE storage_probe SET probes = 7"), IsOk());
}

// Holds connections of a database until it is destroyed.
class Holder {
 public:
  explicit Holder(SqlDatabase& database) : database_(database) {}
  ~Holder() {
    {
      MutexLock lock(&mutex_);
      released_ = true;
      changed_.SignalAll();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  // Takes one more.
  void Hold() {
    threads_.emplace_back([this] {
      EXPECT_THAT(database_.Read([this](SqlTransaction&) {
        MutexLock lock(&mutex_);
        ++held_;
        changed_.SignalAll();
        while (!released_) changed_.Wait(&mutex_);
        return absl::OkStatus();
      }),
                  IsOk());
    });
    const Deadline deadline(kPatience);
    MutexLock lock(&mutex_);
    while (held_ < static_cast<int>(threads_.size()) && !deadline.Expired()) {
      changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
    }
    ASSERT_EQ(held_, static_cast<int>(threads_.size()));
  }

  // Until there is none left.
  void HoldAll() {
    const ScopedReadLimits hasty(Within(absl::Milliseconds(200)));
    for (int i = 0; i < 100 && ReadOnce(database_).ok(); ++i) Hold();
  }

 private:
  SqlDatabase& database_;
  Mutex mutex_;
  CondVar changed_;
  int held_ ABSL_GUARDED_BY(mutex_) = 0;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

TEST_P(ReadLimitsTest, ViewersWhoHoldAllTheirConnectionsKeepNobodyElseOut) {
  Holder viewers(*opened_.queries);
  viewers.HoldAll();

  const ScopedReadLimits hasty(Within(absl::Milliseconds(50)));
  EXPECT_THAT(ReadOnce(*opened_.queries),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("try again later")));
  EXPECT_THAT(ReadOnce(database()), IsOk());
  EXPECT_THAT(opened_.queries->Write([](SqlTransaction& transaction) {
    return transaction.Execute("UPDATE storage_probe SET probes = 7", {}).status();
  }),
              IsOk());
}

TEST_P(ReadLimitsTest, WhoWaitsForAConnectionNoticesThatItsCallerHasGone) {
  Holder viewers(*opened_.queries);
  viewers.HoldAll();
  std::atomic<int> asked{0};
  ReadLimits limits = Within(absl::Hours(1));
  limits.cancelled = [&asked] { return ++asked > 3; };
  const ScopedReadLimits scope(limits);
  EXPECT_THAT(ReadOnce(*opened_.queries), StatusIs(absl::StatusCode::kCancelled));
}

// Reception, leases and health set no limits: their trouble is the database's.
TEST_P(ReadLimitsTest, WhereNobodySetLimitsAFullPoolIsUnavailable) {
  EXPECT_THAT(ReadWatch().NoConnection(8), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LE(ReadWatch().Remaining(), absl::Seconds(10));
}

TEST_P(ReadLimitsTest, RowsAreFoundByTheirIdsHoweverMany) {
  ASSERT_THAT(Execute("CREATE TABLE thing (id BIGINT PRIMARY KEY)"), IsOk());
  ASSERT_THAT(Execute("INSERT INTO thing (id) VALUES (1), (2), (-3)"), IsOk());
  const SqlDialect dialect = database().dialect();
  const auto found = [&](const std::vector<int64_t>& ids) {
    const auto rows = ReadRows(
        database(), "SELECT id FROM thing WHERE " + IsOneOf(dialect, "id", "ids") + " ORDER BY id",
        {{"ids", IdList(dialect, ids)}});
    EXPECT_THAT(rows, IsOk());
    std::vector<int64_t> answer;
    for (const SqlRow& row : *rows) answer.push_back(row.Int(0));
    return answer;
  };
  EXPECT_THAT(found({2, -3, 99}), ElementsAre(-3, 2));
  EXPECT_THAT(found({}), ElementsAre());
}

TEST(ReadGateTest, ClosesOnceThoseInsideHaveLeft) {
  ReadGate gate;
  const ReadWatch watch;
  ASSERT_THAT(gate.Enter(watch), IsOk());
  EXPECT_FALSE(gate.Close(absl::Milliseconds(1), /*hurry=*/false));
  ASSERT_THAT(gate.Enter(watch), IsOk()) << "it is open again";
  gate.Leave();
  gate.Leave();
  ASSERT_TRUE(gate.Close(absl::Milliseconds(1), /*hurry=*/false));
  {
    const ScopedReadLimits hasty(Within(absl::Milliseconds(1)));
    EXPECT_THAT(gate.Enter(ReadWatch()), StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  gate.Open();
  EXPECT_THAT(gate.Enter(watch), IsOk());
  gate.Leave();
}

TEST(ReadGateTest, TellsThoseInsideToEndWhenThereIsHurry) {
  ReadGate gate;
  ASSERT_THAT(gate.Enter(ReadWatch()), IsOk());
  EXPECT_THAT(gate.Check(), IsOk());
  std::thread reader([&gate] {
    const Deadline deadline(kPatience);
    while (gate.Check().ok() && !deadline.Expired()) std::this_thread::yield();
    gate.Leave();
  });
  EXPECT_TRUE(gate.Close(kPatience, /*hurry=*/true));
  reader.join();
  EXPECT_THAT(gate.Check(), IsOk());
  gate.Open();
}

class SqliteLogTest : public StorageTest {};
INSTANTIATE_TEST_SUITE_P(Databases, SqliteLogTest, ::testing::Values("sqlite"));

// Readers that each take some milliseconds and always overlap: SQLite by itself would
// never begin its log anew, and it would hold all 120 MB.
TEST_P(SqliteLogTest, IsBoundedBesideReadersThatOverlap) {
  std::atomic<bool> done{false};
  std::atomic<int> failures{0};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        const auto rows =
            ReadRows(*opened_.queries,
                     "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n LIMIT 50000) "
                     "SELECT COUNT(*) FROM n, storage_probe",
                     {});
        if (!rows.ok()) ++failures;
      }
    });
  }
  ASSERT_THAT(Execute("CREATE TABLE thing (word TEXT)"), IsOk());
  const std::string megabyte(1'000'000, 'x');
  uintmax_t largest = 0;
  for (int i = 0; i < 120; ++i) {
    EXPECT_THAT(database().Write([&](SqlTransaction& transaction) {
      return transaction.Execute("INSERT INTO thing (word) VALUES (:word)", {{"word", megabyte}})
          .status();
    }),
                IsOk());
    largest = std::max(largest, std::filesystem::file_size(directory_.path() + "/camnode.db-wal"));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_LT(largest, 60'000'000u);
  EXPECT_EQ(failures, 0);
}

class StoppedServerTest : public StorageTest {};
INSTANTIATE_TEST_SUITE_P(Databases, StoppedServerTest, ::testing::Values("postgresql"));

TEST_P(StoppedServerTest, TheServerEndsWhatNobodyWaitsForAnyMore) {
  {
    const ScopedReadLimits scope(Within(absl::Milliseconds(50)));
    EXPECT_THAT(ReadRows(*opened_.queries, "SELECT pg_sleep(601)", {}).status(),
                StatusIs(absl::StatusCode::kDeadlineExceeded));
  }
  const Deadline deadline(kPatience);
  while (AskInt("SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(601)%' AND "
                "pid <> pg_backend_pid()") > 0) {
    ASSERT_FALSE(deadline.Expired()) << "it still sleeps";
  }
}

// kill -STOP of every process of the server: connections stay, answers do not come.
TEST_P(StoppedServerTest, CostsEveryCallABoundedTimeAndNoMore) {
  ASSERT_THAT(ReadOnce(database()), IsOk());
  OpenedDatabase other = OpenAnother();  // Its doorbell's thread is taken down meanwhile.
  const Stopwatch stopwatch;
  absl::Status written;
  absl::Status read;
  absl::Status opened;
  {
    const StoppedPostgres stopped;
    std::thread writer([&] { written = Execute("UPDATE storage_probe SET probes = 7"); });
    std::thread reader([&] { read = ReadOnce(database()); });
    std::thread closer([&] { other = OpenedDatabase(); });
    std::thread opener([&] { opened = OpenDatabase(uri_, directory_.path()).status(); });
    for (std::thread* thread : {&writer, &reader, &closer, &opener}) thread->join();
  }
  EXPECT_THAT(written, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(read, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(opened, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(30));
  EXPECT_THAT(ReadOnce(database()), IsOk());
  EXPECT_THAT(Execute("UPDATE storage_probe SET probes = 8"), IsOk());
}

}  // namespace
}  // namespace camnode
