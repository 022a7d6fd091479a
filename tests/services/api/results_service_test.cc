// ResultsService by a real client over a real socket, on real SQLite stores.
// Also: analysis_lookup, overlay_request, proto_conversion, rpc_observer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/log.h"
#include "core/domain/analysis.h"
#include "core/render/image_codec.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ResultsServiceTest : public ServiceTest {
 protected:
  grpc::Status Get(const std::string& uid, v1::Analysis* analysis = nullptr) {
    grpc::ClientContext context;
    v1::GetAnalysisRequest request;
    request.set_sop_instance_uid(uid);
    v1::GetAnalysisResponse response;
    const grpc::Status status = results_->GetAnalysis(&context, request, &response);
    if (analysis != nullptr) *analysis = response.analysis();
    return status;
  }

  grpc::Status List(const v1::ListAnalysesRequest& request, v1::ListAnalysesResponse* response) {
    grpc::ClientContext context;
    response->Clear();
    return results_->ListAnalyses(&context, request, response);
  }

  grpc::Status Studies(const v1::ListStudiesRequest& request, v1::ListStudiesResponse* response) {
    grpc::ClientContext context;
    response->Clear();
    return results_->ListStudies(&context, request, response);
  }

  grpc::Status Render(const v1::RenderOverlayRequest& request, std::string* png = nullptr) {
    grpc::ClientContext context;
    v1::RenderOverlayResponse response;
    const grpc::Status status = results_->RenderOverlay(&context, request, &response);
    if (png != nullptr) *png = response.png();
    return status;
  }
};

TEST_F(ResultsServiceTest, AnAnalysisHoldsEverythingTheStoresKnow) {
  const int64_t job = AddFilm("1.2.3");
  const int64_t id = AnalyzeNext();

  v1::Analysis analysis;
  ASSERT_TRUE(Get("1.2.3", &analysis).ok());

  EXPECT_EQ(analysis.analysis_id(), id);
  EXPECT_EQ(analysis.disclaimer(), "RESEARCH ONLY - NOT FOR DIAGNOSIS");
  EXPECT_EQ(analysis.instance().sop_instance_uid(), "1.2.3");
  EXPECT_EQ(analysis.instance().state(), v1::INSTANCE_STATE_ANALYZED);
  EXPECT_EQ(analysis.instance().job_id(), job);
  ASSERT_EQ(analysis.results_size(), 2);
  const v1::ModelResult& result = analysis.results(0);
  EXPECT_EQ(result.model(), "resnet18");
  EXPECT_FLOAT_EQ(result.logit(), 1.5f);
  EXPECT_DOUBLE_EQ(result.probability(), 0.8176);
  EXPECT_TRUE(result.positive());
  EXPECT_THAT(result.heatmap().values(), ElementsAre(0.0f, 1.0f, 2.0f, 0.5f));
  EXPECT_EQ(result.heatmap().columns(), 2);
  EXPECT_EQ(result.heatmap().region_width(), 4);
  EXPECT_EQ(analysis.agreement().overlap_percentile(), 97.5);
  EXPECT_EQ(analysis.agreement().distance_percentile(), 88.25);
  ASSERT_TRUE(analysis.agreement().has_correlation_percentile());
  EXPECT_EQ(analysis.agreement().correlation_percentile(), 0.0);
  ASSERT_EQ(analysis.derived_instances_size(), 1);
  ASSERT_EQ(analysis.derived_instances(0).deliveries_size(), 1);
  EXPECT_EQ(analysis.derived_instances(0).deliveries(0).destination(), "pacs");
  EXPECT_EQ(analysis.derived_instances(0).deliveries(0).state(), v1::DELIVERY_STATE_QUEUED);
  EXPECT_FALSE(analysis.derived_instances(0).deliveries(0).has_last_status());
}

TEST_F(ResultsServiceTest, SaysWhyThereIsNoAnalysis) {
  EXPECT_THAT(Get("1.2.3"), FailsWith(grpc::StatusCode::NOT_FOUND, "INSTANCE_NOT_FOUND"));
  EXPECT_THAT(Get("not a uid"), FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));

  AddFilm("1.2.3");
  EXPECT_THAT(Get("1.2.3"), FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "NOT_YET_ANALYZED"));

  BuryNext("pixel data too short");
  EXPECT_THAT(Get("1.2.3"), AllOf(FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "JOB_BURIED")));
  EXPECT_THAT(Get("1.2.3").error_message(), HasSubstr("pixel data too short"));

  grpc::ClientContext context;
  v1::GetAnalysisResponse response;
  EXPECT_THAT(results_->GetAnalysis(&context, {}, &response),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));
}

// Set by several threads, read when all calls have ended.
std::atomic<int> failed_lines{0};
void CountFailures(absl::string_view line) {
  if (absl::StrContains(line, "\"rpc_failed\"")) ++failed_lines;
}

TEST_F(ResultsServiceTest, AskingUntilAFilmIsAnalysedDoesNotFillTheLog) {
  AddFilm("1.2.3");
  SetLogSinkForTesting(CountFailures);
  failed_lines = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(Get("1.2.3"), FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "NOT_YET_ANALYZED"));
  }
  EXPECT_EQ(failed_lines, 0);
  EXPECT_THAT(Get("1.2.4"), FailsWith(grpc::StatusCode::NOT_FOUND, "INSTANCE_NOT_FOUND"));
  EXPECT_EQ(failed_lines, 1) << "other failures are told";
  SetLogSinkForTesting(nullptr);
}

// One film, two workflows: two analyses, each by its own name.
TEST_F(ResultsServiceTest, AFilmOfTwoWorkflowsHasAnAnalysisAndAStateOfEach) {
  const int64_t first_job = AddFilm("1.2.3");
  const int64_t first = AnalyzeNext();
  const int64_t trial_job = AddFilm("1.2.3", "1.2", "trial");

  const auto get = [&](const std::string& workflow, v1::Analysis* analysis) {
    grpc::ClientContext context;
    v1::GetAnalysisRequest request;
    request.set_sop_instance_uid("1.2.3");
    request.set_workflow(workflow);
    v1::GetAnalysisResponse response;
    const grpc::Status status = results_->GetAnalysis(&context, request, &response);
    *analysis = response.analysis();
    return status;
  };
  v1::Analysis analysis;
  EXPECT_THAT(get("trial", &analysis),
              FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "NOT_YET_ANALYZED"));
  EXPECT_THAT(get("other", &analysis), FailsWith(grpc::StatusCode::NOT_FOUND, "NOT_IN_WORKFLOW"));
  ASSERT_TRUE(get("default", &analysis).ok());
  EXPECT_EQ(analysis.analysis_id(), first);
  EXPECT_EQ(analysis.workflow(), "default");
  EXPECT_EQ(analysis.instance().state(), v1::INSTANCE_STATE_ANALYZED) << "its own, not the other's";
  EXPECT_EQ(analysis.instance().job_id(), first_job);

  const int64_t second = AnalyzeNext();
  ASSERT_TRUE(get("trial", &analysis).ok());
  EXPECT_EQ(analysis.analysis_id(), second);
  ASSERT_TRUE(get("", &analysis).ok());
  EXPECT_EQ(analysis.analysis_id(), second) << "the newest of any";
  EXPECT_EQ(analysis.instance().workflow(), "trial");
  ASSERT_EQ(analysis.instance().workflows_size(), 2);
  EXPECT_EQ(analysis.instance().workflows(0).workflow(), "default");
  EXPECT_EQ(analysis.instance().workflows(0).analysis_id(), first);
  EXPECT_EQ(analysis.instance().workflows(1).analysis_id(), second);
  EXPECT_EQ(analysis.instance().workflows(1).job_id(), trial_job);
  EXPECT_EQ(analysis.instance().workflows(1).state(), v1::INSTANCE_STATE_ANALYZED);
}

TEST_F(ResultsServiceTest, PagesThroughAnalysesNewestFirstWithoutGapOrRepeat) {
  for (int i = 1; i <= 5; ++i) {
    AddFilm(absl::StrCat("1.2.", i));
    AnalyzeNext();
  }
  v1::ListAnalysesRequest request;
  request.set_page_size(2);
  v1::ListAnalysesResponse response;
  std::vector<std::string> seen;
  std::vector<int> sizes;
  do {
    ASSERT_TRUE(List(request, &response).ok());
    sizes.push_back(response.analyses_size());
    for (const auto& analysis : response.analyses()) {
      seen.push_back(analysis.instance().sop_instance_uid());
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());

  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
  EXPECT_THAT(seen, ElementsAre("1.2.5", "1.2.4", "1.2.3", "1.2.2", "1.2.1"));
}

TEST_F(ResultsServiceTest, ALastPageThatIsFullHasNoToken) {
  AddFilm("1.2.1");
  AnalyzeNext();
  v1::ListAnalysesRequest request;
  request.set_page_size(1);
  v1::ListAnalysesResponse response;

  ASSERT_TRUE(List(request, &response).ok());

  EXPECT_EQ(response.analyses_size(), 1);
  EXPECT_THAT(response.next_page_token(), IsEmpty());
}

TEST_F(ResultsServiceTest, APageTokenBelongsToItsArguments) {
  for (int i = 1; i <= 2; ++i) {
    AddFilm(absl::StrCat("1.2.", i));
    AnalyzeNext();
  }
  v1::ListAnalysesRequest request;
  request.set_page_size(1);
  v1::ListAnalysesResponse response;
  ASSERT_TRUE(List(request, &response).ok());
  ASSERT_THAT(response.next_page_token(), Not(IsEmpty()));

  request.set_page_token(response.next_page_token());
  request.set_study_instance_uid("1.2");
  EXPECT_THAT(List(request, &response),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));
  for (const char* token : {"x", "!!!", "MXxhbmFseXNlc3x8eA"}) {
    request.clear_study_instance_uid();
    request.set_page_token(token);
    EXPECT_THAT(List(request, &response),
                FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"))
        << token;
  }
}

TEST_F(ResultsServiceTest, PageSizesAreCoercedAndNegativeOnesRefused) {
  v1::ListStudiesRequest request;
  v1::ListStudiesResponse response;
  request.set_page_size(-1);
  EXPECT_THAT(Studies(request, &response),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));
  request.set_page_size(1'000'000);
  EXPECT_TRUE(Studies(request, &response).ok());
}

TEST_F(ResultsServiceTest, ListsStudiesAndTheirFilms) {
  AddFilm("1.2.1", "1.5");
  AnalyzeNext();
  AddFilm("1.2.2", "1.6");
  AddFilm("1.2.3", "1.6");
  BuryNext("broken");

  v1::ListStudiesRequest request;
  request.set_page_size(1);
  v1::ListStudiesResponse page;
  ASSERT_TRUE(Studies(request, &page).ok());
  ASSERT_EQ(page.studies_size(), 1);
  EXPECT_EQ(page.studies(0).study_instance_uid(), "1.6");
  EXPECT_EQ(page.studies(0).instance_count(), 2);
  EXPECT_EQ(page.studies(0).pending_count(), 1);
  EXPECT_EQ(page.studies(0).buried_count(), 1);
  request.set_page_token(page.next_page_token());
  ASSERT_TRUE(Studies(request, &page).ok());
  ASSERT_EQ(page.studies_size(), 1);
  EXPECT_EQ(page.studies(0).study_instance_uid(), "1.5");
  EXPECT_THAT(page.next_page_token(), IsEmpty());

  grpc::ClientContext context;
  v1::GetStudyRequest get;
  get.set_study_instance_uid("1.6");
  v1::GetStudyResponse study;
  ASSERT_TRUE(results_->GetStudy(&context, get, &study).ok());
  ASSERT_EQ(study.instances_size(), 2);
  const std::set<int> states = {study.instances(0).state(), study.instances(1).state()};
  EXPECT_EQ(states, (std::set<int>{v1::INSTANCE_STATE_QUEUED, v1::INSTANCE_STATE_BURIED}));

  grpc::ClientContext missing;
  get.set_study_instance_uid("1.7");
  EXPECT_THAT(results_->GetStudy(&missing, get, &study),
              FailsWith(grpc::StatusCode::NOT_FOUND, "STUDY_NOT_FOUND"));
}

TEST_F(ResultsServiceTest, RendersAMapOverTheStoredPicture) {
  AddFilm("1.2.3");
  AnalyzeNext();
  v1::RenderOverlayRequest request;
  request.set_sop_instance_uid("1.2.3");
  request.set_model("densenet121");
  std::string png;

  ASSERT_TRUE(Render(request, &png).ok());

  const absl::StatusOr<cv::Mat> picture = DecodeImage(png, 100'000'000);
  ASSERT_THAT(picture, IsOk());
  EXPECT_EQ(picture->channels(), 3);
  request.clear_model();  // The panel of all.
  std::string panel;
  ASSERT_TRUE(Render(request, &panel).ok());
  EXPECT_NE(panel, png);
}

TEST_F(ResultsServiceTest, RefusesToRenderWhatMakesNoPicture) {
  AddFilm("1.2.3");
  AnalyzeNext();
  v1::RenderOverlayRequest request;
  request.set_sop_instance_uid("1.2.3");
  for (const double alpha : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    request.set_alpha(alpha);
    EXPECT_THAT(Render(request), FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"))
        << alpha;
  }
  request.clear_alpha();
  request.set_model("vgg16");
  EXPECT_THAT(Render(request), FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));

  AddFilm("1.2.4");
  JobLease lease = LeaseOne();
  Analysis refused;
  refused.instance_id = lease.job().subject;
  refused.outcome = AnalysisOutcome::kNotEligible;
  refused.reason_code = "NOT_CHEST";
  refused.reason = "Body Part Examined is not a chest.";
  ASSERT_THAT(stores_->results.Commit(std::move(lease), refused, {}, {}), IsOk());
  request.clear_model();
  request.set_sop_instance_uid("1.2.4");
  EXPECT_THAT(Render(request), FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "NOT_ELIGIBLE"));
}

TEST_F(ResultsServiceTest, AnInternalErrorKeepsItsMessageInTheLog) {
  AddFilm("1.2.3");
  JobLease lease = LeaseOne();
  Analysis analysis = SomeAnalysis();
  analysis.instance_id = lease.job().subject;
  analysis.display_blob_id = stores_->blobs->Put("this is no PNG").value().id;
  ASSERT_THAT(stores_->results.Commit(std::move(lease), analysis, {}, {}), IsOk());
  v1::RenderOverlayRequest request;
  request.set_sop_instance_uid("1.2.3");

  const grpc::Status status = Render(request);

  EXPECT_THAT(status, FailsWith(grpc::StatusCode::INTERNAL, "INTERNAL"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("raster")));
}

TEST_F(ResultsServiceTest, CallsAreCountedByMethodAndCode) {
  Get("1.2.3");
  v1::ListStudiesResponse response;
  Studies({}, &response);

  EXPECT_THAT(metrics_.Text(),
              AllOf(HasSubstr("camnode_rpc_total{method=\"GetAnalysis\",code=\"NOT_FOUND\"} 1\n"),
                    HasSubstr("camnode_rpc_total{method=\"ListStudies\",code=\"OK\"} 1\n")));
}

}  // namespace
}  // namespace camnode
