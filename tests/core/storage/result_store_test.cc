// One commit makes a result, its outputs, their deliveries and an event visible
// together, or none of them.
// Also: result_rows.

#include "core/storage/result_store.h"

#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/domain/job.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/event_log.h"
#include "core/storage/instance_store.h"
#include "core/storage/sql/doorbell.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ResultStoreTest : public StoresTest {
 protected:
  static std::vector<std::string> Destinations(const StoredDerivedInstance& output) {
    std::vector<std::string> names;
    for (const Delivery& delivery : output.deliveries) names.push_back(delivery.destination);
    return names;
  }
};
CAMNODE_TEST_ON_ALL_DATABASES(ResultStoreTest);

TEST_P(ResultStoreTest, PercentilesThatWereNotKnownStayAbsent) {
  Enqueue("1.2.3");
  JobLease lease = LeaseOne();
  ASSERT_THAT(lease.Start(), IsOk());
  Analysis analysis = SomeAnalysis();
  analysis.agreement.percentiles.reset();
  const absl::StatusOr<int64_t> id = results_->Commit(std::move(lease), analysis, {}, {});
  ASSERT_THAT(id, IsOk());
  EXPECT_FALSE(results_->Get(*id)->analysis.agreement.percentiles.has_value());
}

TEST_P(ResultStoreTest, ACommittedAnalysisComesBackToTheLastBit) {
  Enqueue("1.2.3");
  JobLease lease = LeaseOne();
  ASSERT_THAT(lease.Start(), IsOk());
  const int64_t started_ms = ToUnixMs(clock_.Now());
  clock_.Advance(absl::Milliseconds(84));
  Analysis analysis = SomeAnalysis();
  analysis.display_blob_id = std::string(32, 'd');

  const absl::StatusOr<int64_t> id =
      results_->Commit(std::move(lease), analysis, {SomeOutput("1.2.3.1")}, {"PACS"});

  ASSERT_THAT(id, IsOk());
  const absl::StatusOr<StoredAnalysis> stored = results_->Get(*id);
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->instance.sop_instance_uid, MakeUid("1.2.3"));
  EXPECT_EQ(stored->analysis.instance_id, stored->instance.id);
  EXPECT_EQ(stored->analysis.started_ms, started_ms);
  EXPECT_EQ(stored->analysis.finished_ms, started_ms + 84);
  EXPECT_EQ(stored->analysis.display_blob_id, analysis.display_blob_id);
  EXPECT_EQ(stored->analysis.agreement.models, 2);
  EXPECT_EQ(stored->analysis.agreement.overlap, 0.625);
  EXPECT_EQ(stored->analysis.agreement.distance, 0.1);
  EXPECT_EQ(stored->analysis.agreement.correlation, -0.25);
  ASSERT_TRUE(stored->analysis.agreement.percentiles.has_value());
  EXPECT_EQ(stored->analysis.agreement.percentiles->overlap, 97.5);
  EXPECT_EQ(stored->analysis.agreement.percentiles->distance, 88.25);
  EXPECT_EQ(stored->analysis.agreement.percentiles->correlation, 0.0);
  EXPECT_EQ(stored->analysis.agreement.sentence, analysis.agreement.sentence);
  EXPECT_EQ(stored->analysis.decode_ms, 3.5);
  ASSERT_EQ(stored->analysis.results.size(), 2u);
  const ModelResult& expected = analysis.results[0];
  const ModelResult& result = stored->analysis.results[0];
  EXPECT_EQ(result.model, "resnet18");
  EXPECT_EQ(result.weights_sha256, expected.weights_sha256);
  EXPECT_EQ(result.finding.label, "pneumonia");
  EXPECT_EQ(result.finding.logit, 1.1f);
  EXPECT_EQ(result.finding.probability, 0.75);
  EXPECT_TRUE(result.finding.positive);
  EXPECT_EQ(result.heatmap.values.rows, 2);
  EXPECT_EQ(result.heatmap.values.cols, 3);
  EXPECT_THAT(std::vector<float>(result.heatmap.values.begin(), result.heatmap.values.end()),
              ElementsAre(0.1f, 0.0f, 1e-30f, 2.5f, 3e30f, 0.0f));
  EXPECT_EQ(result.heatmap.peak, 3e30f);
  EXPECT_EQ(result.placement.film, cv::Size(2000, 1800));
  EXPECT_EQ(result.placement.region, cv::Rect2d(-0.5, 100.25, 2001.0, 1800.0));
  ASSERT_TRUE(result.outlier.has_value());
  EXPECT_EQ(result.outlier->distance, 1.25);
  EXPECT_EQ(result.outlier->threshold, 1.5);
  EXPECT_EQ(stored->analysis.results[1].model, "densenet121");
  EXPECT_FALSE(stored->analysis.results[1].outlier.has_value());
  ASSERT_EQ(stored->analysis.flags.size(), 2u);
  EXPECT_EQ(stored->analysis.flags[0].code, "VIEW_UNKNOWN");
  EXPECT_EQ(stored->analysis.flags[0].text, "No view is given.");
  EXPECT_EQ(stored->analysis.flags[1].code, "OUTLIER");
}

TEST_P(ResultStoreTest, AFilmThatWasNotAnalysedHasAReasonAndNoMaps) {
  Enqueue("1.2.3");
  Analysis refused;
  refused.outcome = AnalysisOutcome::kNotEligible;
  refused.reason_code = "NOT_A_CHEST_RADIOGRAPH";
  refused.reason = "the body part is a hand";
  const absl::StatusOr<int64_t> id = results_->Commit(LeaseOne(), refused, {}, {"PACS"});
  ASSERT_THAT(id, IsOk());
  const absl::StatusOr<StoredAnalysis> stored = results_->Get(*id);
  EXPECT_EQ(stored->analysis.outcome, AnalysisOutcome::kNotEligible);
  EXPECT_EQ(stored->analysis.reason_code, "NOT_A_CHEST_RADIOGRAPH");
  EXPECT_EQ(stored->analysis.reason, "the body part is a hand");
  EXPECT_THAT(stored->analysis.results, IsEmpty());
  EXPECT_THAT(stored->derived, IsEmpty());
}

TEST_P(ResultStoreTest, EveryOutputGoesToEveryDestinationOnce) {
  JobRequest request = SomeRequest();
  request.extra_destinations = {"SENDER", "", "PACS"};
  const int64_t job = Enqueue("1.2.3", request);
  const absl::StatusOr<int64_t> id =
      results_->Commit(LeaseOne(), SomeAnalysis(), {SomeOutput("1.2.3.1"), SomeOutput("1.2.3.2")},
                       {"PACS", "ARCHIVE"});
  ASSERT_THAT(id, IsOk());

  const absl::StatusOr<StoredAnalysis> stored = results_->Get(*id);
  ASSERT_EQ(stored->derived.size(), 2u);
  EXPECT_EQ(stored->derived[0].derived.sop_instance_uid, MakeUid("1.2.3.1"));
  EXPECT_EQ(stored->derived[1].derived.sop_instance_uid, MakeUid("1.2.3.2"));
  EXPECT_THAT(Destinations(stored->derived[0]), ElementsAre("ARCHIVE", "PACS", "SENDER"));
  EXPECT_THAT(Destinations(stored->derived[1]), ElementsAre("ARCHIVE", "PACS", "SENDER"));
  EXPECT_EQ(StateOf(job), JobState::kDone);
  const absl::StatusOr<std::vector<Event>> events = EventLog(database()).ReadAfter(0, 10);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->at(0).analysis_id, *id);
  EXPECT_EQ(events->at(0).job_id, job);
  EXPECT_TRUE(doorbell().Wait(kOutboxTopic, absl::Seconds(10)));
  EXPECT_TRUE(doorbell().Wait(kEventsTopic, absl::Seconds(10)));
}

TEST_P(ResultStoreTest, AJobThatAskedForNoDeliveryGetsNone) {
  JobRequest request = SomeRequest();
  request.deliver = false;
  request.extra_destinations = {"SENDER"};
  Enqueue("1.2.3", request);
  const absl::StatusOr<int64_t> id =
      results_->Commit(LeaseOne(), SomeAnalysis(), {SomeOutput("1.2.3.1")}, {"PACS"});
  ASSERT_THAT(id, IsOk());
  EXPECT_THAT(results_->Get(*id)->derived.at(0).deliveries, IsEmpty());
}

// Two workflows may ask for the very same object: what was committed first, and
// perhaps sent, stays.
TEST_P(ResultStoreTest, AnObjectMadeTwiceKeepsItsFirstBytesAndServesBoth) {
  Enqueue("1.2.3");
  JobRequest other = SomeRequest();
  other.workflow = "research";
  Enqueue("1.2.3", other);
  const DerivedInstance first = SomeOutput("1.2.3.1");
  DerivedInstance second = SomeOutput("1.2.3.1");
  second.blob_id = std::string(32, 'e');
  second.sha256 = "other";
  const absl::StatusOr<int64_t> one =
      results_->Commit(LeaseOne(), SomeAnalysis(), {first}, {"PACS"});
  const absl::StatusOr<int64_t> two =
      results_->Commit(LeaseOne(), SomeAnalysis(), {second}, {"PACS", "RESEARCH"});
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());

  const absl::StatusOr<StoredAnalysis> stored = results_->Get(*two);
  ASSERT_EQ(stored->derived.size(), 1u);
  EXPECT_EQ(stored->derived[0].derived.blob_id, first.blob_id);
  EXPECT_EQ(stored->derived[0].derived.analysis_id, *one);
  EXPECT_THAT(Destinations(stored->derived[0]), ElementsAre("PACS", "RESEARCH"));
  EXPECT_FALSE(Names(second.blob_id));
  EXPECT_TRUE(Names(first.blob_id));
}

// A full disk at the last step: the worker still holds the job and gives it back
// uncharged.
TEST_P(ResultStoreTest, AfterACommitThatCouldNotBeWrittenTheLeaseIsStillGood) {
  const int64_t job = Enqueue("1.2.3");
  JobLease lease = LeaseOne();
  ASSERT_THAT(Execute("ALTER TABLE event_counter RENAME TO hidden"), IsOk());
  EXPECT_THAT(results_->Commit(std::move(lease), SomeAnalysis(), {SomeOutput("1.2.3.1")}, {}),
              StatusIs(absl::StatusCode::kInternal));
  ASSERT_THAT(Execute("ALTER TABLE hidden RENAME TO event_counter"), IsOk());
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM analysis"), 0);

  // NOLINTNEXTLINE(bugprone-use-after-move): a commit that fails takes no lease.
  EXPECT_THAT(std::move(lease).Retry(absl::UnavailableError("full"), absl::ZeroDuration(),
                                     Charge::kNothing),
              IsOk());
  EXPECT_EQ(StateOf(job), JobState::kQueued);
}

// The worker slept for hours and its files were swept: the film is done again.
TEST_P(ResultStoreTest, ACommitWhoseFilesAreGoneIsRefusedAndTheLeaseIsStillGood) {
  const std::unique_ptr<BlobStore> blobs = BlobStore::Open(directory_.path() + "/blobs").value();
  ResultStore results(database(), clock_, blobs.get());
  const int64_t job = Enqueue("1.2.3");
  Analysis analysis = SomeAnalysis();
  analysis.display_blob_id = blobs->Put("raster").value().id;
  DerivedInstance output = SomeOutput("1.2.3.1");
  output.blob_id = blobs->Put("output").value().id;
  JobLease lease = LeaseOne();

  for (const std::string& gone : {output.blob_id, analysis.display_blob_id}) {
    const std::string path = blobs->PathOf(gone).value();
    std::filesystem::rename(path, path + ".gone");
    EXPECT_THAT(results.Commit(static_cast<JobLease&&>(lease), analysis, {output}, {}),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr(gone)));
    std::filesystem::rename(path + ".gone", path);
  }
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM analysis"), 0);
  EXPECT_EQ(StateOf(job), JobState::kLeased);

  ASSERT_THAT(blobs->trash().SetAside(output.blob_id, clock_.Now()), IsOkAndHolds(true));
  EXPECT_THAT(results.Commit(static_cast<JobLease&&>(lease), analysis, {output}, {}), IsOk());
  EXPECT_THAT(blobs->ReadAll(output.blob_id, 100), IsOkAndHolds("output"))
      << "not lost in the trash";
}

TEST_P(ResultStoreTest, KnowsItsOwnOutputsAndBlobs) {
  Enqueue("1.2.3");
  Analysis analysis = SomeAnalysis();
  analysis.display_blob_id = std::string(32, 'd');
  ASSERT_THAT(results_->Commit(LeaseOne(), analysis, {SomeOutput("1.2.3.1")}, {}), IsOk());
  EXPECT_THAT(results_->IsOwnOutput(MakeUid("1.2.3.1")), IsOkAndHolds(true));
  EXPECT_THAT(results_->IsOwnOutput(MakeUid("1.2.3")), IsOkAndHolds(false));
  EXPECT_TRUE(Names(analysis.display_blob_id));
  EXPECT_TRUE(Names(SomeOutput("1.2.3.1").blob_id));
  EXPECT_FALSE(Names(std::string(32, '0')));
}

TEST_P(ResultStoreTest, ListsNewestFirstByStudyInPages) {
  std::vector<int64_t> ids;
  for (int i = 1; i <= 3; ++i) {
    Enqueue(absl::StrCat("1.2.", i));
    ids.push_back(results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}).value_or(0));
  }
  ASSERT_THAT(instances_->Add(SomeInstance("1.9.1", "1.9"), SomeRequest()), IsOk());
  const int64_t elsewhere = results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}).value_or(0);
  const auto list = [&](const AnalysisFilter& filter, int limit) {
    std::vector<int64_t> found;
    const absl::StatusOr<std::vector<StoredAnalysis>> page = results_->List(filter, limit);
    EXPECT_THAT(page, IsOk());
    for (const StoredAnalysis& stored : *page) found.push_back(stored.analysis.id);
    return found;
  };
  EXPECT_THAT(list({}, 10), ElementsAre(elsewhere, ids[2], ids[1], ids[0]));
  AnalysisFilter filter;
  filter.study_instance_uid = MakeUid("1.2");
  EXPECT_THAT(list(filter, 2), ElementsAre(ids[2], ids[1]));
  filter.before_id = ids[1];
  EXPECT_THAT(list(filter, 2), ElementsAre(ids[0]));
}

TEST_P(ResultStoreTest, FindsTheNewestAnalysisOfAFilm) {
  EXPECT_THAT(results_->FindBySopInstanceUid(MakeUid("1.2.3")),
              StatusIs(absl::StatusCode::kNotFound));
  Enqueue("1.2.3");
  ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}), IsOk());
  JobRequest retrained = SomeRequest();
  retrained.model_set = "models-2";
  Enqueue("1.2.3", retrained);
  const absl::StatusOr<int64_t> newest = results_->Commit(LeaseOne(), SomeAnalysis(), {}, {});
  EXPECT_EQ(results_->FindBySopInstanceUid(MakeUid("1.2.3"))->analysis.id, *newest);
  EXPECT_THAT(results_->Get(999), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace camnode
