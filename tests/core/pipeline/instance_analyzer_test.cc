// Steps 9 to 12 with a real network, real files and a real blob store.
// Also: model_set.

#include "core/pipeline/instance_analyzer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <ios>
#include <sstream>
#include <utility>

#include "core/base/sha256.h"
#include "core/dicom/film/instance_header.h"
#include "core/domain/derived_instance.h"
#include "core/models/model_repository.h"
#include "core/render/image_codec.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::SizeIs;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

class InstanceAnalyzerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto folder = LoadModelFolder("deploy/models/resnet18/1", WeightsCheck::kSkipDigest);
    ASSERT_THAT(folder, IsOk());
    auto classifier = Classifier::Load(*folder, ClassifierOptions());
    ASSERT_THAT(classifier, IsOk());
    blobs_directory_ = new TemporaryDirectory;
    auto blobs = BlobStore::Open(blobs_directory_->path());
    ASSERT_THAT(blobs, IsOk());
    blobs_ = blobs->release();
    InstanceAnalyzerOptions options;
    AnalyzerWorkflow workflow;
    workflow.models = {0};
    workflow.outputs.settings.refusal_notice = true;
    options.workflows.push_back(workflow);
    workflow.name = "overlays only";
    workflow.outputs.settings.panel = false;
    options.workflows.push_back(workflow);
    workflow.name = "smaller";
    workflow.outputs.settings.overlay_max_long_side = 512;
    options.workflows.push_back(workflow);
    options.max_pixels = 5'000'000;
    std::vector<std::unique_ptr<Classifier>> classifiers;
    classifiers.push_back(*std::move(classifier));
    analyzer_ = new InstanceAnalyzer(options, *blobs_, std::move(classifiers));
  }
  static void TearDownTestSuite() {
    delete analyzer_;
    delete blobs_;
    delete blobs_directory_;
  }

  static Instance Store(const std::string& bytes, MediaType media_type) {
    Instance instance;
    instance.id = 7;
    instance.media_type = media_type;
    instance.sha256 = Sha256Hex(bytes);
    instance.sop_instance_uid = Uid::Derive(instance.sha256);
    instance.series_instance_uid = Uid::Derive("series" + instance.sha256);
    instance.study_instance_uid = Uid::Derive("study" + instance.sha256);
    instance.blob_id = blobs_->Put(bytes).value().id;
    return instance;
  }

  static absl::StatusOr<AnalyzedFilm> Analyze(const Instance& instance,
                                              const std::string& workflow = "default") {
    Job job;
    job.workflow = workflow;
    job.model_set = "as queued";
    job.analysis_started_ms = 1'700'000'000'000;
    auto film = analyzer_->Decode(instance);
    if (!film.ok()) return film.status();
    return analyzer_->Compute(job, instance, **film);
  }

  static cv::Mat1b GrayFilm() {
    cv::Mat1b film(1200, 1500);
    for (int y = 0; y < film.rows; ++y) {
      for (int x = 0; x < film.cols; ++x) film(y, x) = static_cast<uint8_t>((x / 8 + y / 8) % 256);
    }
    return film;
  }

  static TemporaryDirectory* blobs_directory_;
  static BlobStore* blobs_;
  static InstanceAnalyzer* analyzer_;
};

TemporaryDirectory* InstanceAnalyzerTest::blobs_directory_ = nullptr;
BlobStore* InstanceAnalyzerTest::blobs_ = nullptr;
InstanceAnalyzer* InstanceAnalyzerTest::analyzer_ = nullptr;

TEST_F(InstanceAnalyzerTest, AFilmIsClassifiedExplainedDrawnAndKept) {
  const Instance instance = Store(EncodePng(GrayFilm()).value(), MediaType::kPng);
  const auto analyzed = Analyze(instance);

  ASSERT_THAT(analyzed, IsOk());
  const Analysis& analysis = analyzed->analysis;
  EXPECT_EQ(analysis.outcome, AnalysisOutcome::kAnalyzed);
  EXPECT_EQ(analysis.instance_id, 7);
  EXPECT_EQ(analysis.workflow, "default");
  EXPECT_EQ(analysis.model_set, analyzer_->models().digest) << "what was run";
  EXPECT_EQ(analysis.started_ms, 1'700'000'000'000);
  ASSERT_THAT(analysis.results, SizeIs(1));
  EXPECT_EQ(analysis.results[0].model, "resnet18");
  EXPECT_EQ(analysis.results[0].heatmap.values.size(), cv::Size(7, 7));
  EXPECT_EQ(analysis.results[0].placement.film, cv::Size(1500, 1200));
  ASSERT_THAT(analyzed->derived, SizeIs(2));
  EXPECT_EQ(analyzed->derived[0].kind, "overlay");
  EXPECT_EQ(analyzed->derived[1].kind, "panel");
}

TEST_F(InstanceAnalyzerTest, EveryBlobItNamesIsThereWithTheDigestItSays) {
  const auto analyzed = Analyze(Store(EncodePng(GrayFilm()).value(), MediaType::kPng));
  ASSERT_THAT(analyzed, IsOk());
  for (const DerivedInstance& derived : analyzed->derived) {
    const auto bytes = blobs_->ReadAll(derived.blob_id, derived.size_bytes);
    ASSERT_THAT(bytes, IsOk());
    EXPECT_EQ(Sha256Hex(*bytes), derived.sha256);
    EXPECT_EQ(static_cast<int64_t>(bytes->size()), derived.size_bytes);
  }
}

TEST_F(InstanceAnalyzerTest, TheDisplayRasterIsTheFilmWithItsLongSideCapped) {
  const auto analyzed = Analyze(Store(EncodePng(GrayFilm()).value(), MediaType::kPng));
  ASSERT_THAT(analyzed, IsOk());
  const auto png = blobs_->ReadAll(analyzed->analysis.display_blob_id, 10 << 20);
  ASSERT_THAT(png, IsOk());
  const auto raster = DecodeImage(*png, 10 << 20);
  ASSERT_THAT(raster, IsOk());
  EXPECT_EQ(raster->size(), cv::Size(1024, 819));
  EXPECT_EQ(raster->channels(), 1);
}

TEST_F(InstanceAnalyzerTest, AnotherAttemptMakesTheSameObjects) {
  const Instance instance = Store(EncodePng(GrayFilm()).value(), MediaType::kPng);
  const auto first = Analyze(instance);
  const auto second = Analyze(instance);
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  for (size_t i = 0; i < first->derived.size(); ++i) {
    EXPECT_EQ(first->derived[i].sop_instance_uid, second->derived[i].sop_instance_uid);
    EXPECT_EQ(first->derived[i].sha256, second->derived[i].sha256);
    EXPECT_NE(first->derived[i].blob_id, second->derived[i].blob_id) << "never over another file";
  }
}

TEST_F(InstanceAnalyzerTest, WorkflowsThatMakeTheSameObjectGiveItTheSameUidAndOthersAnother) {
  const Instance instance = Store(EncodePng(GrayFilm()).value(), MediaType::kPng);
  const auto whole = Analyze(instance);
  const auto part = Analyze(instance, "overlays only");
  const auto smaller = Analyze(instance, "smaller");
  ASSERT_THAT(whole, IsOk());
  ASSERT_THAT(part, IsOk());
  ASSERT_THAT(smaller, IsOk());

  EXPECT_EQ(part->analysis.workflow, "overlays only");
  ASSERT_THAT(part->derived, SizeIs(1));
  EXPECT_EQ(part->derived[0].sop_instance_uid, whole->derived[0].sop_instance_uid);
  EXPECT_EQ(part->derived[0].sha256, whole->derived[0].sha256);
  EXPECT_NE(smaller->derived[0].sop_instance_uid, whole->derived[0].sop_instance_uid);
  EXPECT_NE(smaller->derived[0].series_instance_uid, whole->derived[0].series_instance_uid)
      << "the two differ in what a series shares, such as its number and time";
}

TEST_F(InstanceAnalyzerTest, AJobOfAWorkflowThatIsNotConfiguredIsSetAside) {
  EXPECT_THAT(Analyze(Store(EncodePng(GrayFilm()).value(), MediaType::kPng), "removed"),
              StatusIs(absl::StatusCode::kFailedPrecondition, ::testing::HasSubstr("removed")));
}

TEST_F(InstanceAnalyzerTest, AColourPhotographIsRefusedWithAReasonAndANotice) {
  cv::Mat3b photograph(400, 400);
  for (int y = 0; y < 400; ++y) {
    for (int x = 0; x < 400; ++x) {
      photograph(y, x) = {static_cast<uint8_t>(x % 256), static_cast<uint8_t>(y % 256), 40};
    }
  }
  const auto analyzed = Analyze(Store(EncodePng(photograph).value(), MediaType::kPng));
  ASSERT_THAT(analyzed, IsOk());
  EXPECT_EQ(analyzed->analysis.outcome, AnalysisOutcome::kNotEligible);
  EXPECT_FALSE(analyzed->analysis.reason_code.empty());
  EXPECT_FALSE(analyzed->analysis.reason.empty());
  EXPECT_THAT(analyzed->analysis.results, SizeIs(0));
  ASSERT_THAT(analyzed->derived, SizeIs(1));
  EXPECT_EQ(analyzed->derived[0].kind, "notice");
}

TEST_F(InstanceAnalyzerTest, ErrorsSayWhatAJobCanDoAboutThem) {
  EXPECT_THAT(Analyze(Store("this is a text file", MediaType::kJpeg)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string png = EncodePng(GrayFilm()).value();
  EXPECT_THAT(Analyze(Store(png.substr(0, png.size() / 2), MediaType::kPng)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_FALSE(Analyze(Store("no DICOM file", MediaType::kDicom)).ok());
  const cv::Mat1b large(2500, 2500, uint8_t{0});
  EXPECT_THAT(Analyze(Store(EncodePng(large).value(), MediaType::kPng)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Instance gone = Store(png, MediaType::kPng);
  ASSERT_THAT(blobs_->Remove(gone.blob_id), IsOk());
  EXPECT_THAT(Analyze(gone), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(analyzer_->IsBroken());
}

TEST_F(InstanceAnalyzerTest, ARealDicomFilmKeepsItsStudy) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  const std::string path = TestDataPath("dicom_chest/udacity_nih_test1.dcm");
  const auto header = ReadInstanceHeader(path);
  ASSERT_THAT(header, IsOk());
  Instance instance = Store(ReadFile(path), MediaType::kDicom);
  instance.sop_instance_uid = header->sop_instance_uid;
  const auto analyzed = Analyze(instance);
  ASSERT_THAT(analyzed, IsOk());
  ASSERT_THAT(analyzed->derived, SizeIs(2));
  EXPECT_EQ(analyzed->derived[0].study_instance_uid, header->study_instance_uid);
}

TEST_F(InstanceAnalyzerTest, AnAnimalIsRefusedBeforeItsPixelsAreDecoded) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  const auto analyzed =
      Analyze(Store(ReadFile(TestDataPath("dicom_chest/NEGATIVE_animal_lateral_dx_image.dcm")),
                    MediaType::kDicom));
  ASSERT_THAT(analyzed, IsOk());
  EXPECT_EQ(analyzed->analysis.outcome, AnalysisOutcome::kNotEligible);
  EXPECT_TRUE(analyzed->analysis.display_blob_id.empty());
}

TEST_F(InstanceAnalyzerTest, WarmingUpWorks) { EXPECT_THAT(analyzer_->WarmUp(), IsOk()); }

}  // namespace
}  // namespace camnode
