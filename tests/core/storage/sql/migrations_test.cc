#include "core/storage/sql/migrations.h"

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
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

// As an earlier program left it: the steps below the first that says `words`.
absl::Status MigrateToBefore(SqlDatabase& database, absl::string_view words) {
  return database.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(
        transaction.Execute("CREATE TABLE schema_version (version BIGINT PRIMARY KEY)", {})
            .status());
    for (const Migration& migration : Migrations()) {
      for (const absl::string_view statement : migration.statements) {
        if (absl::StrContains(statement, words)) return absl::OkStatus();
      }
      for (const absl::string_view statement : migration.statements) {
        CAMNODE_RETURN_IF_ERROR(
            transaction.Execute(StatementFor(transaction.dialect(), statement), {}).status());
      }
      CAMNODE_RETURN_IF_ERROR(transaction
                                  .Execute("INSERT INTO schema_version (version) VALUES (:version)",
                                           {{"version", migration.version}})
                                  .status());
    }
    return absl::InternalError(absl::StrCat("no migration says ", words));
  });
}

// Two studies: 1.1 with a film analysed and delivered, one refused and one waiting; 1.2 with
// one that is set aside.
TEST_P(MigrationsTest, WhatAnEarlierVersionLeftIsCounted) {
  ASSERT_THAT(MigrateToBefore(database(), "ADD COLUMN pending"), IsOk());
  for (const char* study : {"1.1", "1.2"}) {
    ASSERT_THAT(Execute(absl::StrCat("INSERT INTO study VALUES ('", study, "', 1, 1)")), IsOk());
  }
  const auto film = [&](int id, const std::string& study, const std::string& state,
                        const std::string& outcome) {
    ASSERT_THAT(Execute(absl::StrCat("INSERT INTO instance VALUES (", id, ", '1.5.", id,
                                     "', '1.6', '", study, "', '1', '1', 'dicom', 'blob", id,
                                     "', 'digest', 1, 'CR', 'A', 'B', 1, 0)")),
                IsOk());
    ASSERT_THAT(Execute(absl::StrCat("INSERT INTO job VALUES (", id, ", 'analyze', ", id,
                                     ", 'chest', 'models', 100, '", state,
                                     "', 1, 0, 0, 0, 0, NULL, 1, 1, NULL, '', '', 1, '')")),
                IsOk());
    if (outcome.empty()) return;
    ASSERT_THAT(
        Execute(absl::StrCat(
            "INSERT INTO analysis (id, job_id, instance_id, workflow, model_set, threshold_set, "
            "outcome, reason_code, reason, agreement_models, agreement_overlap, "
            "agreement_distance, agreement_correlation, agreement_sentence, display_blob_id, "
            "started_ms, finished_ms, decode_ms, render_ms) VALUES (",
            id, ", ", id, ", ", id, ", 'chest', 'models', 'thresholds', '", outcome,
            "', '', '', 0, 0, 0, 0, '', '', 1, 1, 0, 0)")),
        IsOk());
  };
  film(1, "1.1", "done", "analyzed");
  film(2, "1.1", "done", "not_eligible");
  film(3, "1.1", "leased", "");
  film(4, "1.2", "buried", "");
  for (int number = 1; number <= 3; ++number) {
    ASSERT_THAT(Execute(absl::StrCat("INSERT INTO derived_instance VALUES (", number,
                                     ", 1, 'panel', '', '1.7.", number,
                                     "', '1', '1', '1.1', '1', 'made", number, "', 'digest', 1)")),
                IsOk());
    ASSERT_THAT(
        Execute(absl::StrCat("INSERT INTO delivery VALUES (", number, ", ", number, ", 'pacs', '",
                             number < 3 ? "delivered" : "buried", "', 1, 0, 0, '', NULL, 1, 1)")),
        IsOk());
  }

  ASSERT_THAT(Migrate(database()), IsOk());

  const std::string counts =
      "instances || ' ' || analyzed || ' ' || not_eligible || ' ' || "
      "pending || ' ' || buried FROM study WHERE study_instance_uid = ";
  EXPECT_EQ(Ask("SELECT " + counts + "'1.1'"), "3 1 1 1 0");
  EXPECT_EQ(Ask("SELECT " + counts + "'1.2'"), "1 0 0 0 1");
  EXPECT_EQ(Ask("SELECT destination || ' ' || delivered FROM destination_count"), "pacs 2");
}

}  // namespace
}  // namespace camnode
