// Every statement that the stores send finds its rows by an index that leads to them, in a
// database with a past: a queue gets slow when the finished jobs, soon nearly all, are read
// to find the one that waits.  Timing such a thing is luck; the plan is not.
//
// The databases have no statistics, as a young one has not, and as SQLite never had here:
// what is left to the planner to guess, it guesses wrong one day.

#include <gmock/gmock.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/blob_names.h"
#include "core/storage/event_log.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/node_record.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "core/storage/sql/sql_database.h"
#include "core/storage/store_identity.h"
#include "core/storage/worker_registry.h"
#include "tests/core/storage/recording_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// With each film.
const std::set<std::string>& GrowingTables() {
  static const auto* const tables = new std::set<std::string>{
      "study",           "instance", "job",   "analysis", "model_result", "derived_instance",
      "analysis_output", "delivery", "event", "output"};  // As ArmDeliveries calls analysis_output.
  return *tables;
}

// Indexes of what is not over, or went wrong: they do not grow with the past.
const std::set<std::string>& SmallIndexes() {
  static const auto* const indexes = new std::set<std::string>{
      "job_available", "job_leased", "job_buried", "delivery_available", "delivery_buried"};
  return *indexes;
}

// Columns that hold the same few values everywhere: looking for one finds half of the table.
const std::set<std::string>& ColumnsOfFewValues() {
  static const auto* const columns =
      new std::set<std::string>{"kind",    "state",    "workflow", "model_set", "destination",
                                "outcome", "priority", "number",   "model",     "own_output"};
  return *columns;
}

// Lists that walk along an index, take every row they meet and stop after a page.
bool WalksInOrder(const std::string& sql) {
  for (const char* list :
       {" FROM study ORDER BY", " FROM study WHERE (last_received_ms",
        " WHERE analysis.id < :before ORDER BY analysis.id DESC LIMIT",
        " FROM event WHERE number > :after ORDER BY number LIMIT", "SELECT MAX(number) FROM event",
        "SELECT id FROM job ORDER BY id DESC LIMIT 1"}) {
    if (absl::StrContains(sql, list)) return true;
  }
  return false;
}

// One step of a plan that reads a table.
struct PlanStep {
  std::string table;               // "" where only the index is named.
  std::string index;               // "": none, or the rows' own numbers.
  std::set<std::string> equal_to;  // Columns looked up.
};

std::vector<PlanStep> StepsOfSqlite(const std::vector<std::string>& lines) {
  static const std::regex kStep(R"((SCAN|SEARCH) (\w+)(.*))");
  static const std::regex kIndex(R"(INDEX (\w+))");
  static const std::regex kEqual(R"((\w+)=\?)");
  std::vector<PlanStep> steps;
  for (const std::string& line : lines) {
    std::smatch found;
    if (!std::regex_search(line, found, kStep)) continue;
    PlanStep step;
    step.table = found[2];
    const std::string rest = found[3];
    if (std::regex_search(rest, found, kIndex)) step.index = found[1];
    for (std::sregex_iterator one(rest.begin(), rest.end(), kEqual), end; one != end; ++one) {
      step.equal_to.insert((*one)[1]);
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

std::vector<PlanStep> StepsOfPostgres(const std::vector<std::string>& lines) {
  static const std::regex kIndexScan(R"(Index (?:Only )?Scan (?:Backward )?using (\w+) on (\w+))");
  static const std::regex kBitmapScan(R"(Bitmap Index Scan on (\w+))");
  static const std::regex kSequential(R"(Seq Scan on (\w+))");
  static const std::regex kEqual(R"(\(?(\w+) = )");
  std::vector<PlanStep> steps;
  for (const std::string& line : lines) {
    std::smatch found;
    if (std::regex_search(line, found, kIndexScan)) {
      steps.push_back({found[2], found[1], {}});
    } else if (std::regex_search(line, found, kBitmapScan)) {
      steps.push_back({"", found[1], {}});
    } else if (std::regex_search(line, found, kSequential)) {
      steps.push_back({found[1], "", {}});
    } else if (absl::StrContains(line, "Index Cond:") && !steps.empty()) {
      for (std::sregex_iterator one(line.begin(), line.end(), kEqual), end; one != end; ++one) {
        steps.back().equal_to.insert((*one)[1]);
      }
    }
  }
  return steps;
}

bool FindsItsRows(const PlanStep& step) {
  if (SmallIndexes().count(step.index) > 0) return true;
  if (!step.table.empty() && GrowingTables().count(step.table) == 0) return true;
  for (const std::string& column : step.equal_to) {
    if (ColumnsOfFewValues().count(column) == 0) return true;
  }
  return false;
}

class IndexUseTest : public StoresTest {
 protected:
  // The plan, a line each.
  std::vector<std::string> PlanOf(const RecordedStatement& statement) {
    std::vector<std::string> plan;
    const auto explain = [&](SqlTransaction& transaction) -> absl::Status {
      plan.clear();
      CAMNODE_ASSIGN_OR_RETURN(
          const std::vector<SqlRow> rows,
          transaction.Query(
              absl::StrCat(sqlite() ? "EXPLAIN QUERY PLAN " : "EXPLAIN ", statement.sql),
              statement.parameters));
      for (const SqlRow& row : rows) plan.push_back(row.Text(row.size() - 1));
      return absl::OkStatus();
    };
    EXPECT_THAT(database().Write(explain), IsOk()) << statement.sql;
    return plan;
  }

  void ExpectGoodPlans(const std::vector<RecordedStatement>& statements) {
    for (const RecordedStatement& statement : statements) {
      if (absl::StartsWith(statement.sql, "LOCK ")) continue;
      // Of values alone; what SQLite lists there is the check of foreign keys, whose scans
      // it enters only after a violation.
      if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(statement.sql), "INSERT")) continue;
      const std::vector<std::string> plan = PlanOf(statement);
      for (const PlanStep& step : sqlite() ? StepsOfSqlite(plan) : StepsOfPostgres(plan)) {
        EXPECT_TRUE(FindsItsRows(step) || WalksInOrder(statement.sql))
            << "reads much of " << step.table << step.index << ": " << statement.sql << "\n"
            << absl::StrJoin(plan, "\n");
      }
    }
  }

  // `count` films that were received, analysed and delivered, by SQL alone.
  void FillWithHistory(int count) {
    const auto insert = [&](const std::string& into, const std::string& values) {
      const std::string numbers =
          sqlite() ? absl::StrCat(
                         "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n "
                         "WHERE n < ",
                         count, ") ")
                   : absl::StrCat("WITH n AS (SELECT generate_series(1, ", count, ") AS n) ");
      ASSERT_THAT(
          Execute(absl::StrCat(numbers, "INSERT INTO ", into, " SELECT ", values, " FROM n")),
          IsOk());
    };
    // Numbers that new rows do not meet.
    const std::string id = "1000000 + n";
    insert("study (study_instance_uid, first_received_ms, last_received_ms)", "'9.' || n, n, n");
    insert("instance",
           id + ", '9.1.' || n, '9.2', '9.' || n, '9.3', '9.4', 'dicom', 'film' || n, 'digest', 1, "
                "'CR', 'A', 'B', n, 0");
    insert("job", id + ", 'analyze', " + id +
                      ", 'chest', 'models-1', 100, 'done', 1, 0, 0, 0, 0, NULL, 1, 1, 1, '', '', "
                      "1, ''");
    insert(
        "analysis (id, job_id, instance_id, workflow, model_set, threshold_set, outcome, "
        "reason_code, reason, agreement_models, agreement_overlap, agreement_distance, "
        "agreement_correlation, agreement_sentence, display_blob_id, started_ms, finished_ms, "
        "decode_ms, render_ms)",
        id + ", " + id + ", " + id +
            ", 'chest', 'models-1', 'thresholds', 'analyzed', '', '', 3, 0, 0, 0, '', "
            "'raster' || n, n, n, 0, 0");
    insert(
        "model_result (analysis_id, number, model, version, weights_sha256, label, logit, "
        "probability, threshold, positive, heatmap, heatmap_rows, heatmap_columns, "
        "heatmap_peak, film_width, film_height, region_x, region_y, region_width, "
        "region_height, duration_ms)",
        id + absl::StrCat(", 0, 'resnet18', '1', '', 'pneumonia', 0, 0, 0, 1, ",
                          sqlite() ? "x''" : "''::bytea", ", 0, 0, 0, 1, 1, 0, 0, 1, 1, 1"));
    insert("derived_instance", id + ", " + id +
                                   ", 'panel', '', '9.5.' || n, '9.6', '9.7', '9.' || n, '9.8', "
                                   "'panel' || n, 'digest', 1");
    insert("analysis_output", id + ", 0, " + id);
    insert("delivery", id + ", " + id + ", 'PACS', 'delivered', 1, 0, 0, '', NULL, n, n");
    insert("event", id + ", 'analysis_committed', " + id + ", " + id + ", " + id + ", n");
  }

  // What every method of every store sends.
  std::vector<RecordedStatement> Tour() {
    RecordingDatabase recorded(database());
    instances_ = std::make_unique<InstanceStore>(recorded, clock_, nullptr);
    queue_ = std::make_unique<JobQueue>(recorded, clock_, options_);
    results_ = std::make_unique<ResultStore>(recorded, clock_, nullptr);
    const int64_t analysis = TourOfFilmsAndResults();
    TourOfJobs();
    TourOfLists(analysis);
    TourOfOutbox(recorded);
    TourOfQuarantine(recorded);
    TourOfTheRest(recorded);
    return recorded.statements;
  }

  int64_t TourOfFilmsAndResults() {
    Enqueue("1.2.3");
    const auto analysis = results_->Commit(LeaseOne(), SomeAnalysis(),
                                           {SomeOutput("1.2.3.1"), SomeOutput("1.2.3.2"),
                                            SomeOutput("1.2.3.3"), SomeOutput("1.2.3.4")},
                                           {"PACS"});
    EXPECT_THAT(analysis, IsOk());
    Enqueue("1.2.3");  // A repeat of what is done.
    return *analysis;
  }

  void TourOfJobs() {
    const int64_t buried = Enqueue("1.2.4");
    EXPECT_THAT(LeaseOne().Bury(absl::DataLossError("bad")), IsOk());
    Enqueue("1.2.4");  // A repeat of what is buried.
    JobLease lease = LeaseOne();
    EXPECT_THAT(lease.Start(), IsOk());
    EXPECT_THAT(lease.Extend(), IsOk());
    EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kStopped), IsOkAndHolds(1));
    clock_.Advance(absl::Seconds(1));  // Others go first for so long.
    lease = LeaseOne();
    EXPECT_THAT(std::move(lease).Retry(absl::UnavailableError("later"), absl::ZeroDuration(),
                                       Charge::kNothing),
                IsOk());
    EXPECT_THAT(LeaseOne().Bury(absl::DataLossError("bad")), IsOk());
    for (const JobState state : {JobState::kQueued, JobState::kLeased, JobState::kBuried}) {
      EXPECT_THAT(queue_->ListByState(state, 10, 0), IsOk());
      EXPECT_THAT(queue_->ListByState(state, 10, 1'000'000), IsOk());
    }
    EXPECT_THAT(queue_->Requeue(buried), IsOk());
    EXPECT_THAT(queue_->Get(buried), IsOk());
    EXPECT_THAT(queue_->Depth(), IsOk());
    EXPECT_THAT(queue_->CountQueued(), IsOkAndHolds(1));
    EXPECT_THAT(queue_->Unfinished(), IsOk());
  }

  void TourOfLists(int64_t analysis) {
    const Uid study = MakeUid("1.2");
    const Uid film = MakeUid("1.2.3");
    const int64_t instance = instances_->FindBySopInstanceUid(film)->id;
    EXPECT_THAT(instances_->Get(instance), IsOk());
    EXPECT_EQ(instances_->GetAll({instance, 1'000'001})->size(), 2u);
    EXPECT_THAT(instances_->ListStudyInstances(study, 10), IsOk());
    EXPECT_THAT(instances_->GetStudy(study), IsOk());
    EXPECT_EQ(instances_->ListStudies(10, 0, Uid())->studies.size(), 10u);
    EXPECT_THAT(instances_->ListStudies(10, 5, study), IsOk());
    EXPECT_EQ(queue_->ListByInstances({instance, 1'000'001})->size(), 2u);
    EXPECT_EQ(results_->ListJobResults({instance, 1'000'001})->size(), 2u);
    EXPECT_THAT(results_->Get(analysis), IsOk());
    EXPECT_THAT(results_->FindByJob(1'000'001), IsOk());
    EXPECT_THAT(results_->FindBySopInstanceUid(film), IsOk());
    EXPECT_THAT(results_->FindBySopInstanceUid(film, "chest"), IsOk());
    EXPECT_EQ(results_->List({}, 200)->size(), 200u);
    std::vector<int64_t> many;
    for (int i = 0; i < 200; ++i) many.push_back(1'000'001 + i);
    EXPECT_EQ(instances_->GetAll(many)->size(), 200u);
    EXPECT_EQ(queue_->ListByInstances(many)->size(), 200u);
    EXPECT_EQ(results_->ListJobResults(many)->size(), 200u);
    EXPECT_EQ(results_->List({study, 0}, 10)->size(), 1u);
    EXPECT_THAT(results_->IsOwnOutput(film), IsOkAndHolds(false));
  }

  void TourOfOutbox(SqlDatabase& recorded) {
    Outbox outbox(recorded, clock_, {});
    EXPECT_EQ(outbox.DueDestinations()->size(), 1u);
    auto leases = outbox.Lease("PACS", 4);
    ASSERT_EQ(leases->size(), 4u);
    const absl::Status why = absl::InternalError("refused");
    const int64_t buried = leases->at(1).delivery().id;
    EXPECT_THAT(std::move(leases->at(0)).Delivered(0), IsOk());
    EXPECT_THAT(std::move(leases->at(1)).Bury(0xC000, why), IsOk());
    EXPECT_THAT(std::move(leases->at(2)).Retry(-1, why, absl::ZeroDuration()), IsOk());
    EXPECT_THAT(std::move(leases->at(3)).GiveBack(absl::ZeroDuration()), IsOk());
    EXPECT_EQ(outbox.Backlogs()->front().buried, 1);
    EXPECT_THAT(outbox.Requeue(buried), IsOk());
    EXPECT_THAT(outbox.Requeue(buried), StatusIs(absl::StatusCode::kFailedPrecondition));
    EXPECT_THAT(outbox.ReturnAllLeases(), IsOk());
  }

  void TourOfQuarantine(SqlDatabase& recorded) {
    Quarantine quarantine(recorded, clock_, nullptr, {});
    Instance other = SomeInstance("1.2.3");
    other.sha256 = std::string(64, 'f');
    other.blob_id = std::string(32, 'f');
    EXPECT_THAT(quarantine.Add(other), IsOkAndHolds(QuarantineOutcome::kAdded));
    EXPECT_THAT(quarantine.List(10, 0), IsOk());
    EXPECT_THAT(quarantine.List(10, 1000), IsOk());
    EXPECT_THAT(quarantine.Size(), IsOk());
    EXPECT_THAT(quarantine.Remove(1), IsOk());
  }

  void TourOfTheRest(SqlDatabase& recorded) {
    EXPECT_THAT(BlobNames(recorded).Among({std::string(32, 'a'), std::string(32, 'b')}), IsOk());
    EXPECT_THAT(ReadStoreIdentity(recorded), IsOk());
    EXPECT_THAT(ReadNodeRecord(recorded), IsOk());
    EventLog events(recorded);
    EXPECT_THAT(events.ReadAfter(1, 10), IsOk());
    EXPECT_THAT(events.LastNumber(), IsOk());
    WorkerRegistry workers(recorded, clock_);
    WorkerRecord worker;
    worker.name = "worker-a";
    EXPECT_THAT(workers.Beat(worker), IsOk());
    EXPECT_THAT(workers.List(), IsOk());
    EXPECT_THAT(workers.RemoveSilent(absl::Hours(24)), IsOk());
    EXPECT_THAT(workers.Remove("worker-a"), IsOk());
  }
};
CAMNODE_TEST_ON_ALL_DATABASES(IndexUseTest);

TEST_P(IndexUseTest, EveryStatementFindsItsRowsWithoutStatistics) {
  FillWithHistory(20'000);
  ExpectGoodPlans(Tour());
}

// `PRAGMA optimize` and autovacuum bring statistics in, and must not spoil a plan.
TEST_P(IndexUseTest, AndWithThem) {
  FillWithHistory(20'000);
  ASSERT_THAT(Execute("ANALYZE"), IsOk());
  ExpectGoodPlans(Tour());
}

// That the two above can fail: the list of studies as it was once.
TEST_P(IndexUseTest, AStatementThatReadsAllJobsIsFound) {
  FillWithHistory(2'000);
  std::vector<PlanStep> steps;
  const std::vector<std::string> plan =
      PlanOf({"SELECT COUNT(*) FROM job WHERE kind = 'analyze' AND state = 'queued'", {}});
  for (const PlanStep& step : sqlite() ? StepsOfSqlite(plan) : StepsOfPostgres(plan)) {
    EXPECT_FALSE(FindsItsRows(step)) << absl::StrJoin(plan, "\n");
    steps.push_back(step);
  }
  EXPECT_FALSE(steps.empty());
}

TEST_P(IndexUseTest, LeasingReadsOneNarrowRangeOfItsIndex) {
  FillWithHistory(2'000);
  Enqueue("1.2.3");
  RecordingDatabase recorded(database());
  JobQueue queue(recorded, clock_, options_);
  ASSERT_EQ(queue.Lease("worker-a", 4)->size(), 1u);
  bool picked = false;
  for (const RecordedStatement& statement : recorded.statements) {
    if (!absl::StartsWith(statement.sql, "WITH picked")) continue;
    picked = true;
    const std::string plan = absl::StrJoin(PlanOf(statement), "\n");
    EXPECT_THAT(plan, HasSubstr("job_available"));
    if (sqlite()) {
      EXPECT_THAT(plan, HasSubstr("priority=? AND available_ms=?"));
    }
  }
  EXPECT_TRUE(picked);
}

TEST_P(IndexUseTest, APageOfAnalysesTakesAsManyStatementsAsOne) {
  FillWithHistory(200);
  RecordingDatabase recorded(database());
  ResultStore results(recorded, clock_, nullptr);
  ASSERT_EQ(results.List({}, 1)->size(), 1u);
  const size_t of_one = recorded.statements.size();
  ASSERT_EQ(results.List({}, 100)->size(), 100u);
  EXPECT_EQ(recorded.statements.size(), 2 * of_one);
  EXPECT_EQ(recorded.reads, 2);
}

}  // namespace
}  // namespace camnode
