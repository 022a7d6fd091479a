#include "core/storage/sql/migrations.h"

#include <thread>

#include "absl/status/status.h"
#include "core/storage/sql/open_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class MigrationsTest : public StorageTest {
 protected:
  MigrationsTest() { migrate_ = false; }
};
CAMNODE_TEST_ON_ALL_DATABASES(MigrationsTest);

TEST_P(MigrationsTest, AWorkerWaitsUntilTheNodeHasMigrated) {
  OpenedDatabase worker = OpenAnother();
  EXPECT_THAT(CheckSchemaVersion(*worker.database), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(Migrate(database()), IsOk());
  EXPECT_THAT(CheckSchemaVersion(*worker.database), IsOk());
}

TEST_P(MigrationsTest, ASecondNodeFindsNothingToDo) {
  ASSERT_THAT(Migrate(database()), IsOk());
  OpenedDatabase other = OpenAnother();
  EXPECT_THAT(Migrate(*other.database), IsOk());
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM schema_version"), LatestSchemaVersion());
}

TEST_P(MigrationsTest, TwoNodesThatStartTogetherMigrateOnce) {
  OpenedDatabase other = OpenAnother();
  absl::Status theirs;
  std::thread thread([&] { theirs = Migrate(*other.database); });
  EXPECT_THAT(Migrate(database()), IsOk());
  thread.join();
  EXPECT_THAT(theirs, IsOk());
  EXPECT_THAT(CheckSchemaVersion(database()), IsOk());
}

TEST_P(MigrationsTest, ANewerSchemaIsRefusedAndLeftAlone) {
  ASSERT_THAT(Migrate(database()), IsOk());
  ASSERT_THAT(Execute("INSERT INTO schema_version (version) VALUES (1000)"), IsOk());
  EXPECT_THAT(Migrate(database()), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(CheckSchemaVersion(database()), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(MigrationsTest, VersionsAreNumberedWithoutGaps) {
  int expected = 0;
  for (const Migration& migration : Migrations()) EXPECT_EQ(migration.version, ++expected);
}

// A migration that fails half way must leave the version and the tables of before.
TEST_P(MigrationsTest, AStepIsOneTransaction) {
  ASSERT_THAT(Execute("CREATE TABLE worker (name TEXT)"), IsOk());  // In the way of step 1.
  EXPECT_THAT(Migrate(database()), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(CheckSchemaVersion(database()), StatusIs(absl::StatusCode::kUnavailable));
  ASSERT_THAT(Execute("DROP TABLE worker"), IsOk());
  EXPECT_THAT(Migrate(database()), IsOk());
}

}  // namespace
}  // namespace camnode
