// The counts that commits keep are those that a count of the rows gives, whatever
// happened in between.

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAreArray;

class StudyCountsTest : public StoresTest {
 protected:
  void SetUp() override {
    options_.max_failures = 2;
    StoresTest::SetUp();
    if (IsSkipped()) return;
    outbox_ = std::make_unique<Outbox>(database(), clock_, OutboxOptions());
  }

  int Draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  // One film of one of four studies, in one of two workflows; often one that is here.
  void Receive() {
    const std::string study = absl::StrCat("1.2.", Draw(4) + 1);
    JobRequest request = SomeRequest();
    request.workflow = Draw(3) == 0 ? "trial" : "chest";
    const Instance film = SomeInstance(absl::StrCat(study, ".1.", Draw(60) + 1), study);
    EXPECT_THAT(instances_->Add(film, Draw(10) == 0 ? absl::optional<JobRequest>() : request),
                IsOk());
  }

  // One job ends in one of the ways there are.
  void Work() {
    auto leases = queue_->Lease("worker-a", 1);
    ASSERT_THAT(leases, IsOk());
    if (leases->empty()) return;
    JobLease lease = std::move(leases->front());
    if (Draw(4) > 0) {
      EXPECT_THAT(lease.Start(), IsOk());
    }
    const absl::Status why = absl::DataLossError("bad pixels");
    switch (Draw(7)) {
      case 0:
        EXPECT_THAT(std::move(lease).Bury(why), IsOk());
        break;
      case 1:
        EXPECT_THAT(std::move(lease).Retry(why, absl::ZeroDuration(), Charge::kOneFailure), IsOk());
        break;
      case 2:
        EXPECT_THAT(queue_->ReturnLeases("worker-a",
                                         Draw(2) == 0 ? WorkerEnd::kCrashed : WorkerEnd::kStopped),
                    IsOk());
        break;
      case 3:  // Forgotten: it runs out, and is charged by the next Lease.
        clock_.Advance(absl::Minutes(3));
        break;
      default: {
        Analysis analysis = SomeAnalysis();
        if (Draw(3) == 0) analysis.outcome = AnalysisOutcome::kNotEligible;
        const std::string uid = absl::StrCat("1.9.", lease.job().id);
        EXPECT_THAT(
            results_->Commit(std::move(lease), analysis, {SomeOutput(uid)}, {"archive", "pacs"}),
            IsOk());
      }
    }
  }

  void Deliver() {
    auto leases = outbox_->Lease(Draw(2) == 0 ? "archive" : "pacs", 1);
    ASSERT_THAT(leases, IsOk());
    for (DeliveryLease& lease : *leases) {
      const absl::Status why = absl::InternalError("refused");
      const int end = Draw(5);
      EXPECT_THAT(end == 0   ? std::move(lease).Bury(0xC000, why)
                  : end == 1 ? std::move(lease).Retry(-1, why, absl::ZeroDuration())
                             : std::move(lease).Delivered(0),
                  IsOk());
    }
  }

  // One buried job and one buried delivery, if there are such.
  void Requeue() {
    const auto jobs = queue_->ListByState(JobState::kBuried, 1, 0);
    ASSERT_THAT(jobs, IsOk());
    if (!jobs->empty()) {
      EXPECT_THAT(queue_->Requeue(jobs->front().id), IsOk());
    }
    const int64_t delivery =
        AskInt("SELECT COALESCE(MAX(id), 0) FROM delivery WHERE state = 'buried'");
    if (delivery > 0) {
      EXPECT_THAT(outbox_->Requeue(delivery), IsOk());
    }
  }

  std::vector<std::string> Rows(const std::string& sql) {
    std::vector<std::string> texts;
    const auto read = [&](SqlTransaction& transaction) -> absl::Status {
      CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, transaction.Query(sql, {}));
      for (const SqlRow& row : rows) {
        texts.push_back(row.Text(0));
        for (size_t column = 1; column < row.size(); ++column) {
          absl::StrAppend(&texts.back(), " ", row.Int(column));
        }
      }
      return absl::OkStatus();
    };
    EXPECT_THAT(database().Read(read), IsOk());
    return texts;
  }

  std::vector<std::string> KeptStudies() {
    std::vector<std::string> texts;
    const auto page = instances_->ListStudies(100, 0, Uid());
    EXPECT_THAT(page, IsOk());
    for (const StudySummary& study : page->studies) {
      texts.push_back(absl::StrCat(study.study_instance_uid.text(), " ", study.instances, " ",
                                   study.analyzed, " ", study.not_eligible, " ", study.pending, " ",
                                   study.buried));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  std::vector<std::string> KeptDeliveries() {
    std::vector<std::string> texts;
    const auto backlogs = outbox_->Backlogs();
    EXPECT_THAT(backlogs, IsOk());
    for (const DestinationBacklog& one : *backlogs) {
      texts.push_back(
          absl::StrCat(one.destination, " ", one.queued, " ", one.delivered, " ", one.buried));
    }
    return texts;
  }

  void ExpectCountsOfTheRows() {
    const auto jobs = [](const std::string& states) {
      return absl::StrCat(
          "(SELECT COUNT(*) FROM instance JOIN job ON job.subject = instance.id "
          "WHERE instance.study_instance_uid = study.study_instance_uid AND job.state IN (",
          states, "))");
    };
    const auto analyses = [](const std::string& outcome) {
      return absl::StrCat(
          "(SELECT COUNT(*) FROM instance JOIN analysis ON analysis.instance_id = instance.id "
          "WHERE instance.study_instance_uid = study.study_instance_uid AND outcome = '",
          outcome, "')");
    };
    EXPECT_THAT(
        KeptStudies(),
        ElementsAreArray(Rows(absl::StrCat(
            "SELECT study_instance_uid, (SELECT COUNT(*) FROM instance WHERE "
            "instance.study_instance_uid = study.study_instance_uid), ",
            analyses("analyzed"), ", ", analyses("not_eligible"), ", ", jobs("'queued', 'leased'"),
            ", ", jobs("'buried'"), " FROM study ORDER BY study_instance_uid"))));
    const auto in = [](const std::string& states) {
      return absl::StrCat("CAST(SUM(CASE WHEN state IN (", states,
                          ") THEN 1 ELSE 0 END) AS BIGINT)");
    };
    EXPECT_THAT(KeptDeliveries(),
                ElementsAreArray(Rows(absl::StrCat(
                    "SELECT destination, ", in("'queued', 'leased'"), ", ", in("'delivered'"), ", ",
                    in("'buried'"), " FROM delivery GROUP BY destination ORDER BY destination"))));
  }

  std::mt19937 random_{20261129};
  std::unique_ptr<Outbox> outbox_;
};
CAMNODE_TEST_ON_ALL_DATABASES(StudyCountsTest);

TEST_P(StudyCountsTest, AreThoseOfTheRowsAfterWhateverHappened) {
  for (int round = 0; round < 12; ++round) {
    for (int step = 0; step < 25; ++step) {
      clock_.Advance(absl::Seconds(1));
      Receive();
      if (Draw(2) == 0) Work();
      if (Draw(2) == 0) Deliver();
      if (Draw(8) == 0) Requeue();
    }
    ExpectCountsOfTheRows();
    if (HasFailure()) break;
  }
  // All that can be counted did happen.
  for (const char* state : {"queued", "done", "buried"}) {
    EXPECT_GT(AskInt(absl::StrCat("SELECT COUNT(*) FROM job WHERE state = '", state, "'")), 0);
  }
  EXPECT_GT(AskInt("SELECT COUNT(*) FROM analysis WHERE outcome = 'not_eligible'"), 0);
  EXPECT_GT(AskInt("SELECT COUNT(*) FROM delivery WHERE state = 'delivered'"), 0);
}

TEST_P(StudyCountsTest, AStudyThatIsAskedForHasThem) {
  Enqueue("1.2.3");
  Enqueue("1.2.4");
  ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}), IsOk());

  const absl::StatusOr<StudySummary> study = instances_->GetStudy(MakeUid("1.2"));

  ASSERT_THAT(study, IsOk());
  EXPECT_EQ(study->instances, 2);
  EXPECT_EQ(study->analyzed, 1);
  EXPECT_EQ(study->pending, 1);
  EXPECT_EQ(study->buried, 0);
}

// A commit that is undone takes its counts back.
TEST_P(StudyCountsTest, ALostLeaseCountsNothing) {
  Enqueue("1.2.3");
  JobLease stale = LeaseOne();
  clock_.Advance(absl::Minutes(3));
  JobLease current = LeaseOne("worker-b");

  EXPECT_THAT(results_->Commit(std::move(stale), SomeAnalysis(), {}, {}),
              StatusIs(absl::StatusCode::kAborted));

  ExpectCountsOfTheRows();
  EXPECT_EQ(instances_->GetStudy(MakeUid("1.2"))->pending, 1);
}

}  // namespace
}  // namespace camnode
