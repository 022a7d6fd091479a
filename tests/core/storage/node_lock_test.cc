// One node a database.
// Also: core/storage/node_record, postgres_node_lock.

#include "core/storage/node_lock.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/optional.h"
#include "core/base/stopwatch.h"
#include "core/storage/node_record.h"
#include "core/storage/sql/sql_database.h"
#include "core/storage/store_identity.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(5);
// Of this test's database; others are on the same server.
constexpr char kHeld[] =
    "FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())";

class NodeLockTest : public StorageTest {
 protected:
  void WriteNode(const std::string& node_id) {
    ASSERT_THAT(WriteNodeRecord(database(), {node_id, "pacs1", 4711, 1'700'000'000'000}), IsOk());
  }

  // PostgreSQL alone: the sessions that hold the lock end, as when the server restarts.
  void EndSessions() {
    ASSERT_THAT(database().Read([](SqlTransaction& transaction) {
      return transaction.Query(absl::StrCat("SELECT pg_terminate_backend(pid) ", kHeld), {})
          .status();
    }),
                IsOk());
  }

  template <typename Condition>
  static bool Within(absl::Duration patience, Condition condition) {
    const Deadline end(patience);
    while (!condition()) {
      if (end.Expired()) return false;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return true;
  }
};
CAMNODE_TEST_ON_ALL_DATABASES(NodeLockTest);

// A lock on a file is the kernel's: nothing can come between.
class PostgresNodeLockTest : public NodeLockTest {};
INSTANTIATE_TEST_SUITE_P(Databases, PostgresNodeLockTest, ::testing::Values("postgresql"));

TEST_P(NodeLockTest, ASecondIsRefusedWhileTheFirstLives) {
  absl::StatusOr<std::unique_ptr<NodeLock>> first = NodeLock::Take(uri_, absl::ZeroDuration());
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(NodeLock::Take(uri_, absl::ZeroDuration()).status(),
              StatusIs(absl::StatusCode::kAlreadyExists));

  first->reset();

  EXPECT_THAT(NodeLock::Take(uri_, kPatience), IsOk());
}

TEST_P(NodeLockTest, WhoHoldsItIsSaidInWords) {
  EXPECT_THAT(ReadNodeRecord(database()), IsOkAndHolds(::testing::Eq(absl::nullopt)));
  WriteNode("3f9a12cd04be");
  WriteNode("77aa12cd04be");
  const absl::StatusOr<absl::optional<NodeRecord>> node = ReadNodeRecord(database());
  ASSERT_THAT(node, IsOk());
  ASSERT_TRUE(node->has_value());
  EXPECT_EQ(DescribeNode(**node),
            "node 77aa12cd04be on host pacs1, process 4711, since 2023-11-14 22:13:20 UTC");
}

TEST_P(PostgresNodeLockTest, ASessionThatWasLostIsReplacedUnlessAnotherCame) {
  const std::string store = JoinStore(database(), "", directory_.path() + "/blobs")->store_id;
  WriteNode("3f9a12cd04be");
  const std::unique_ptr<NodeLock> lock = NodeLock::Take(uri_, kPatience).value();
  std::atomic<bool> lost{false};
  lock->Watch(store, "3f9a12cd04be", [&](const absl::Status& why) {
    EXPECT_THAT(why.message(), HasSubstr("77aa12cd04be"));
    lost = true;
  });
  const auto held = [&] { return AskInt(absl::StrCat("SELECT COUNT(*) ", kHeld)) == 1; };
  ASSERT_TRUE(held());

  EndSessions();
  EXPECT_TRUE(Within(kPatience, held)) << "taken again";
  EXPECT_FALSE(lost);

  WriteNode("77aa12cd04be");
  EndSessions();
  EXPECT_TRUE(Within(kPatience, [&] { return lost.load(); }));
}

TEST_P(PostgresNodeLockTest, ADatabaseOfAnotherStoreIsNotTakenAgain) {
  ASSERT_THAT(JoinStore(database(), "", directory_.path() + "/blobs"), IsOk());
  WriteNode("3f9a12cd04be");
  const std::unique_ptr<NodeLock> lock = NodeLock::Take(uri_, kPatience).value();
  std::atomic<bool> lost{false};
  lock->Watch(std::string(32, '0'), "3f9a12cd04be", [&](const absl::Status&) { lost = true; });

  EndSessions();

  EXPECT_TRUE(Within(kPatience, [&] { return lost.load(); }));
}

TEST_P(NodeLockTest, AnotherSchemeIsAnError) {
  EXPECT_THAT(NodeLock::Take("mysql://here", absl::ZeroDuration()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
