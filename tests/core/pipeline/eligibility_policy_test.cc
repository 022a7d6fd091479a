// What the analyzer makes of doubts about a film: a flag, a refusal, or nothing.
// Also: eligibility_gate.

#include "core/domain/eligibility_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <ios>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/sha256.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/inference/classifier.h"
#include "core/inference/outlier/outlier_fit.h"
#include "core/models/model_repository.h"
#include "core/pipeline/instance_analyzer.h"
#include "core/render/image_codec.h"
#include "core/storage/blobs/blob_store.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// Bright in the middle, as a chest is, so that the pixels raise no concern.
cv::Mat1b ChestLike() {
  cv::Mat1b film(200, 300);
  for (int y = 0; y < film.rows; ++y) {
    for (int x = 0; x < film.cols; ++x) {
      film(y, x) = static_cast<uint8_t>(x * (300 - x) / 100 + y / 20);
    }
  }
  return film;
}

cv::Mat1b Negative(const cv::Mat1b& film) {
  cv::Mat1b negative(film.size());
  for (int y = 0; y < film.rows; ++y) {
    for (int x = 0; x < film.cols; ++x) negative(y, x) = static_cast<uint8_t>(255 - film(y, x));
  }
  return negative;
}

class EligibilityPolicyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.workflows.emplace_back();
    options_.workflows[0].models = {0};
    auto model = LoadModelFolder("deploy/models/resnet18/1", WeightsCheck::kSkipDigest);
    ASSERT_THAT(model, IsOk());
    model_ = *std::move(model);
    model_.manifest.clear_age_range();
    model_.outlier_path.clear();
    SetComputeThreads(1);  // Tests share the cores with each other.
    auto blobs = BlobStore::Open(directory_.path() + "/blobs");
    ASSERT_THAT(blobs, IsOk());
    blobs_ = *std::move(blobs);
  }

  // Of the ResNet's 512 features, all of them noise: no film is like these.
  void UseAnOutlierModelThatKnowsNoFilm() {
    std::vector<std::vector<float>> features;
    std::vector<std::string> groups;
    unsigned state = 1;
    for (int film = 0; film < 20; ++film) {
      features.emplace_back();
      for (int i = 0; i < 512; ++i) {
        state = state * 1'664'525U + 1'013'904'223U;
        features.back().push_back(1.0f + static_cast<float>(state >> 24) / 1e4f);
      }
      groups.push_back(std::to_string(film));
    }
    OutlierFitOptions options;
    options.components = 4;
    const auto fit = FitOutlierModel(features, groups, options);
    ASSERT_THAT(fit, IsOk());
    model_.outlier_path = directory_.path() + "/outliers.safetensors";
    std::ofstream(model_.outlier_path, std::ios::binary) << fit->bytes;
  }

  Analysis Analyze(const cv::Mat1b& film) {
    auto classifier = Classifier::Load(model_, ClassifierOptions());
    EXPECT_THAT(classifier, IsOk());
    std::vector<std::unique_ptr<Classifier>> classifiers;
    classifiers.push_back(*std::move(classifier));
    InstanceAnalyzer analyzer(options_, *blobs_, std::move(classifiers));
    Job job;
    job.workflow = "default";
    Instance instance;
    const std::string png = EncodePng(film).value();
    instance.media_type = MediaType::kPng;
    instance.sha256 = Sha256Hex(png);
    instance.sop_instance_uid = Uid::Derive("film");
    instance.series_instance_uid = Uid::Derive("series");
    instance.study_instance_uid = Uid::Derive("study");
    instance.blob_id = blobs_->Put(png).value().id;
    const auto decoded = analyzer.Decode(instance);
    EXPECT_THAT(decoded, IsOk());
    auto analyzed = analyzer.Compute(job, instance, **decoded);
    EXPECT_THAT(analyzed, IsOk());
    panel_uid_ = analyzed->derived.empty() ? "" : analyzed->derived.back().sop_instance_uid.text();
    return analyzed->analysis;
  }

  static std::vector<std::string> Codes(const Analysis& analysis) {
    std::vector<std::string> codes;
    for (const AnalysisFlag& flag : analysis.flags) codes.push_back(flag.code);
    return codes;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<BlobStore> blobs_;
  ModelFolder model_;
  InstanceAnalyzerOptions options_;
  std::string panel_uid_;
};

TEST_F(EligibilityPolicyTest, APictureIsAnalysedAndSaidToNameNoView) {
  const Analysis analysis = Analyze(ChestLike());
  EXPECT_EQ(analysis.outcome, AnalysisOutcome::kAnalyzed);
  EXPECT_THAT(Codes(analysis), ElementsAre("VIEW_UNKNOWN"));
  EXPECT_EQ(analysis.results.size(), 1u);
}

TEST_F(EligibilityPolicyTest, WhatThePolicyIgnoresIsNotSaid) {
  options_.eligibility.view_unknown = EligibilityResponse::kIgnore;
  EXPECT_THAT(Codes(Analyze(ChestLike())), IsEmpty());
}

TEST_F(EligibilityPolicyTest, WhatThePolicyRefusesHasNoScore) {
  options_.eligibility.view_unknown = EligibilityResponse::kRefuse;
  const Analysis analysis = Analyze(ChestLike());
  EXPECT_EQ(analysis.outcome, AnalysisOutcome::kNotEligible);
  EXPECT_EQ(analysis.reason_code, "VIEW_UNKNOWN");
  EXPECT_THAT(analysis.results, IsEmpty());
  EXPECT_THAT(analysis.flags, IsEmpty());
}

TEST_F(EligibilityPolicyTest, AModelsAgesAreAskedFor) {
  model_.manifest.mutable_age_range()->set_min_years(1);
  model_.manifest.mutable_age_range()->set_max_years(5);
  EXPECT_THAT(Codes(Analyze(ChestLike())), ElementsAre("VIEW_UNKNOWN", "AGE_UNKNOWN"));
}

TEST_F(EligibilityPolicyTest, ANegativeIsNamed) {
  EXPECT_THAT(Codes(Analyze(Negative(ChestLike()))), Contains("INVERTED"));
  options_.eligibility.inverted = EligibilityResponse::kRefuse;
  EXPECT_EQ(Analyze(Negative(ChestLike())).reason_code, "INVERTED");
}

TEST_F(EligibilityPolicyTest, AnOutlierIsFlaggedWithItsDistanceOrRefused) {
  UseAnOutlierModelThatKnowsNoFilm();
  const Analysis flagged = Analyze(ChestLike());
  EXPECT_THAT(Codes(flagged), Contains("OUTLIER"));
  ASSERT_EQ(flagged.results.size(), 1u);
  ASSERT_TRUE(flagged.results[0].outlier.has_value());
  EXPECT_GT(flagged.results[0].outlier->distance, flagged.results[0].outlier->threshold);

  options_.eligibility.outlier = EligibilityResponse::kIgnore;
  EXPECT_THAT(Codes(Analyze(ChestLike())), Not(Contains("OUTLIER")));

  options_.eligibility.outlier = EligibilityResponse::kRefuse;
  const Analysis refused = Analyze(ChestLike());
  EXPECT_EQ(refused.outcome, AnalysisOutcome::kNotEligible);
  EXPECT_EQ(refused.reason_code, "OUTLIER");
  EXPECT_THAT(refused.results, IsEmpty()) << "no score";
}

// The panel shows the flags, so with others it is another object.
TEST_F(EligibilityPolicyTest, FlagsArePartOfThePanelsIdentity) {
  Analyze(ChestLike());
  const std::string flagged = panel_uid_;
  options_.eligibility.view_unknown = EligibilityResponse::kIgnore;
  Analyze(ChestLike());
  EXPECT_NE(panel_uid_, flagged);
}

}  // namespace
}  // namespace camnode
