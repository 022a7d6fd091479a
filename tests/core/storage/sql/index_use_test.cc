// A queue gets slow when the finished jobs, soon nearly all, are read to find the
// one that waits.  Timing such a thing is luck; the query plan is not.

#include <gmock/gmock.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/sql/sql_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

struct Statement {
  std::string sql;
  SqlParameters parameters;
};

// Passes everything on and remembers the statements.
class RecordingTransaction final : public SqlTransaction {
 public:
  RecordingTransaction(SqlTransaction& target, std::vector<Statement>& statements)
      : target_(target), statements_(statements) {}

  absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                            const SqlParameters& parameters) override {
    statements_.push_back({std::string(sql), parameters});
    return target_.Query(sql, parameters);
  }
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const SqlParameters& parameters) override {
    statements_.push_back({std::string(sql), parameters});
    return target_.Execute(sql, parameters);
  }
  SqlDialect dialect() const override { return target_.dialect(); }
  void RingAfterCommit(absl::string_view topic) override { target_.RingAfterCommit(topic); }

 private:
  SqlTransaction& target_;
  std::vector<Statement>& statements_;
};

class RecordingDatabase final : public SqlDatabase {
 public:
  explicit RecordingDatabase(SqlDatabase& target) : target_(target) {}

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return target_.Write([&](SqlTransaction& transaction) {
      RecordingTransaction recording(transaction, statements);
      return work(recording);
    });
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return target_.Read([&](SqlTransaction& transaction) {
      RecordingTransaction recording(transaction, statements);
      return work(recording);
    });
  }
  SqlDialect dialect() const override { return target_.dialect(); }

  std::vector<Statement> statements;

 private:
  SqlDatabase& target_;
};

class IndexUseTest : public StoresTest {
 protected:
  // The whole plan as one text.
  std::string PlanOf(const Statement& statement) {
    std::string plan;
    const auto explain = [&](SqlTransaction& transaction) -> absl::Status {
      CAMNODE_ASSIGN_OR_RETURN(
          const std::vector<SqlRow> rows,
          transaction.Query(
              absl::StrCat(sqlite() ? "EXPLAIN QUERY PLAN " : "EXPLAIN ", statement.sql),
              statement.parameters));
      for (const SqlRow& row : rows) absl::StrAppend(&plan, row.Text(row.size() - 1), "\n");
      return absl::OkStatus();
    };
    EXPECT_THAT(database().Write(explain), IsOk()) << statement.sql;
    return plan;
  }

  // Every statement that `work` sends finds its rows of `table` by an index.
  void ExpectIndexed(const RecordingDatabase& recorded, const std::string& table) {
    int checked = 0;
    for (const Statement& statement : recorded.statements) {
      if (!absl::StrContains(statement.sql, absl::StrCat(" ", table, " "))) continue;
      if (absl::StartsWith(statement.sql, "INSERT")) continue;
      const std::string plan = PlanOf(statement);
      EXPECT_THAT(plan, Not(ContainsRegex(absl::StrCat("SCAN ", table, "(\n|$| USING)"))))
          << statement.sql;
      EXPECT_THAT(plan, Not(HasSubstr(absl::StrCat("Seq Scan on ", table)))) << statement.sql;
      ++checked;
    }
    EXPECT_GT(checked, 0);
  }

  void FillWithFinishedJobs(int count) {
    const std::string numbers =
        sqlite() ? absl::StrCat(
                       "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n "
                       "WHERE n < ",
                       count, ") ")
                 : absl::StrCat("WITH n AS (SELECT generate_series(1, ", count, ") AS n) ");
    ASSERT_THAT(
        Execute(absl::StrCat(
            numbers,
            "INSERT INTO job (kind, subject, workflow, model_set, priority, state, attempt, "
            "failures, interruptions, started, alone, available_ms, analysis_started_ms, "
            "created_ms, finished_ms, leased_by, last_error, deliver, extra_destinations) "
            "SELECT 'analyze', 1000000 + n, 'chest', 'models-1', 100, 'done', 1, 0, 0, 0, 0, "
            "NULL, 1, 1, 1, '', '', 1, '' FROM n")),
        IsOk());
    ASSERT_THAT(Execute("ANALYZE"), IsOk());
  }
};
CAMNODE_TEST_ON_ALL_DATABASES(IndexUseTest);

TEST_P(IndexUseTest, ThreeHundredThousandFinishedJobsAreNotReadToLeaseOne) {
  FillWithFinishedJobs(300'000);
  Enqueue("1.2.3");
  RecordingDatabase recorded(database());
  JobQueue queue(recorded, clock_, options_);

  absl::StatusOr<std::vector<JobLease>> leases = queue.Lease("worker-a", 4);
  ASSERT_THAT(leases, IsOk());
  ASSERT_EQ(leases->size(), 1u);
  ASSERT_THAT(leases->at(0).Start(), IsOk());
  ASSERT_THAT(leases->at(0).Extend(), IsOk());
  EXPECT_THAT(queue.ReturnLeases("worker-a", WorkerEnd::kStopped), IsOkAndHolds(1));

  ExpectIndexed(recorded, "job");
  bool picked = false;
  for (const Statement& statement : recorded.statements) {
    if (!absl::StartsWith(statement.sql, "WITH picked")) continue;
    picked = true;
    EXPECT_THAT(PlanOf(statement), HasSubstr("job_available")) << "one narrow range of the index";
    if (sqlite()) {
      EXPECT_THAT(PlanOf(statement), HasSubstr("priority=? AND available_ms<?"));
    }
  }
  EXPECT_TRUE(picked);
}

TEST_P(IndexUseTest, ThreeHundredThousandFinishedJobsAreNotReadToCountWhatWaits) {
  FillWithFinishedJobs(300'000);
  Enqueue("1.2.3");
  RecordingDatabase recorded(database());
  JobQueue queue(recorded, clock_, options_);

  EXPECT_EQ(queue.Depth()->queued, 1);
  EXPECT_THAT(queue.CountQueued(), IsOkAndHolds(1));

  for (const Statement& statement : recorded.statements) {
    EXPECT_THAT(PlanOf(statement), ContainsRegex("job_(available|leased|buried)")) << statement.sql;
  }
}

TEST_P(IndexUseTest, TheOutboxFindsWhatIsDueByItsIndex) {
  Enqueue("1.2.3");
  ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {SomeOutput("1.2.3.1")}, {"PACS"}),
              IsOk());
  // A table of a few rows is rightly read whole: let it look big.
  if (!sqlite()) {
    ASSERT_THAT(Execute("SET enable_seqscan = off"), IsOk());
  }
  RecordingDatabase recorded(database());
  Outbox outbox(recorded, clock_, {});
  ASSERT_EQ(outbox.DueDestinations()->size(), 1u);
  ASSERT_EQ(outbox.Lease("PACS", 4)->size(), 1u);
  ExpectIndexed(recorded, "delivery");
}

}  // namespace
}  // namespace camnode
