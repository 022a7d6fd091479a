// What the explainer does around the methods, on small networks of random weights: two
// labels that exclude each other, films of a few cells, maps without evidence.

#include "core/inference/explainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <opencv2/core.hpp>
#include <utility>

#include "absl/status/status.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/layer_fusion.h"
#include "core/inference/networks/network.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using ::testing::Each;
using ::testing::HasSubstr;

class ExplainerTest : public ::testing::Test {
 protected:
  ExplainerTest() : folder_(fs::path(::testing::TempDir()) / "explainer_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    SetComputeThreads(1);
  }
  ~ExplainerTest() override { fs::remove_all(folder_); }

  // ResNet-18 of random weights, with labels "normal" and "pneumonia"; `bias` is added to
  // their logits.
  ModelFolder MakeModel(int input_size, std::vector<float> bias = {0.0f, 0.0f}) {
    torch::manual_seed(7);
    const auto network = MakeNetwork("resnet18", 2);
    NamedTensors tensors = StateDict(**network);
    tensors["fc.bias"] = torch::tensor(bias);
    const auto bytes = FormatSafetensors(tensors);
    EXPECT_THAT(bytes, IsOk());
    ModelFolder model;
    model.directory = folder_.string();
    model.weights_path = (folder_ / "weights.safetensors").string();
    std::ofstream(model.weights_path, std::ios::binary) << *bytes;
    v1::ModelManifest& m = model.manifest;
    m.set_name("small");
    m.set_version("1");
    m.set_architecture("resnet18");
    m.add_labels("normal");
    m.add_labels("pneumonia");
    m.set_reported_label("pneumonia");
    m.set_output_activation(v1::OUTPUT_ACTIVATION_SOFTMAX);
    m.mutable_preprocessing()->set_input_size(input_size);
    m.mutable_preprocessing()->set_geometry(v1::GEOMETRY_SQUASH);
    m.mutable_preprocessing()->set_intensity(v1::INTENSITY_POLICY_FILE);
    for (int i = 0; i < 3; ++i) m.mutable_preprocessing()->add_mean(0.5);
    for (int i = 0; i < 3; ++i) m.mutable_preprocessing()->add_standard_deviation(0.25);
    m.set_threshold(0.5);
    return model;
  }

  Explanation Explain(const ModelFolder& model, const ExplainerOptions& options) {
    const auto explainer = Explainer::Load(model, options);
    EXPECT_THAT(explainer, IsOk());
    if (!explainer.ok()) return {};
    auto explanation = (*explainer)->Explain(Film());
    EXPECT_THAT(explanation, IsOk());
    return explanation.ok() ? *std::move(explanation) : Explanation();
  }

  static Radiograph Film() {
    Radiograph film;
    film.presentation.create(90, 120);
    for (int y = 0; y < 90; ++y) {
      for (int x = 0; x < 120; ++x) {
        film.presentation(y, x) = static_cast<uint8_t>((x * 3 + y * y / 7) % 256);
      }
    }
    return film;
  }

  fs::path folder_;
};

double NormalizedDifference(const cv::Mat1f& a, const cv::Mat1f& b) {
  return cv::norm(a, b, cv::NORM_INF) / cv::norm(b, cv::NORM_INF);
}

TEST_F(ExplainerTest, WithoutOptionsItGivesWhatTheClassifierGives) {
  const ModelFolder model = MakeModel(96);
  const auto classifier = Classifier::Load(model, {});
  ASSERT_THAT(classifier, IsOk());
  const auto served = (*classifier)->Classify(Film());
  ASSERT_THAT(served, IsOk());
  const Explanation explanation = Explain(model, {});
  ASSERT_GT(served->heatmap.peak, 0.0f);
  EXPECT_LT(NormalizedDifference(explanation.result.heatmap.values, served->heatmap.values), 1e-4);
  EXPECT_NEAR(explanation.result.finding.logit, served->finding.logit, 1e-5);
  EXPECT_EQ(explanation.result.finding.probability, served->finding.probability);
  EXPECT_EQ(explanation.result.placement.film, served->placement.film);
  EXPECT_EQ(explanation.label, "pneumonia");
  EXPECT_EQ(explanation.unit, "logit");
  EXPECT_EQ(explanation.views, 1);
}

TEST_F(ExplainerTest, ProbabilitiesOfLabelsThatExcludeEachOtherSumToOne) {
  ModelFolder model = MakeModel(64, {0.3f, 1.1f});
  const Explanation pneumonia = Explain(model, {});
  model.manifest.set_reported_label("normal");
  const Explanation normal = Explain(model, {});
  EXPECT_NEAR(pneumonia.result.finding.probability + normal.result.finding.probability, 1.0, 1e-4);
  const double odds = pneumonia.result.finding.logit - normal.result.finding.logit;
  EXPECT_NEAR(pneumonia.result.finding.probability, 1.0 / (1.0 + std::exp(-odds)), 1e-4);
  const auto classifier = Classifier::Load(model, {});
  ASSERT_THAT(classifier, IsOk());
  EXPECT_EQ((*classifier)->Classify(Film())->finding.probability,
            normal.result.finding.probability);
}

TEST_F(ExplainerTest, ThePredictedLabelCanBeExplainedWhileTheReportedOneIsScored) {
  const ModelFolder model = MakeModel(64, {50.0f, 0.0f});
  ExplainerOptions options;
  const Explanation reported = Explain(model, options);
  options.target = CamTarget::kPredicted;
  const Explanation predicted = Explain(model, options);
  EXPECT_EQ(reported.label, "pneumonia");
  EXPECT_EQ(predicted.label, "normal");
  EXPECT_EQ(predicted.result.finding.label, "pneumonia");
  EXPECT_EQ(predicted.result.finding.logit, reported.result.finding.logit);
  EXPECT_GT(NormalizedDifference(predicted.signed_map, reported.signed_map), 0.1);
}

TEST_F(ExplainerTest, TheMapIsThePositivePartOfTheSignedOne) {
  const Explanation explanation = Explain(MakeModel(96), {CamMethod::kHiResCam, {"layer3"}});
  double lowest = 0.0;
  cv::minMaxIdx(explanation.signed_map, &lowest);
  ASSERT_LT(lowest, 0.0);
  cv::Mat1f positive = explanation.signed_map.clone();
  for (float& cell : positive) cell = std::max(cell, 0.0f);
  EXPECT_EQ(cv::norm(positive, explanation.result.heatmap.values, cv::NORM_INF), 0.0);
  EXPECT_EQ(explanation.result.heatmap.values.size(), cv::Size(6, 6));
}

TEST_F(ExplainerTest, AGridOfOneCellIsAMapToo) {
  const ModelFolder model = MakeModel(32);
  for (const CamMethod method :
       {CamMethod::kGradCam, CamMethod::kGradCamPlusPlus, CamMethod::kHiResCam,
        CamMethod::kXGradCam, CamMethod::kLayerCam, CamMethod::kScoreCam}) {
    ExplainerOptions options;
    options.method = method;
    options.layers = {"layer4"};
    const Explanation explanation = Explain(model, options);
    EXPECT_EQ(explanation.result.heatmap.values.size(), cv::Size(1, 1)) << CamMethodName(method);
    EXPECT_GE(explanation.result.heatmap.peak, 0.0f);
  }
}

TEST_F(ExplainerTest, AMapWithoutEvidenceIsAnAnswer) {
  ModelFolder model = MakeModel(64);
  // Nothing can argue for an output whose weights are all below zero: activations of
  // ResNet's last layer are not.
  auto tensors = ReadSafetensors(model.weights_path);
  ASSERT_THAT(tensors, IsOk());
  (*tensors)["fc.weight"] = -torch::ones_like((*tensors)["fc.weight"]);
  std::ofstream(model.weights_path, std::ios::binary) << *FormatSafetensors(*tensors);
  for (const CamMethod method : {CamMethod::kGradCam, CamMethod::kGradCamPlusPlus,
                                 CamMethod::kXGradCam, CamMethod::kLayerCam}) {
    ExplainerOptions options;
    options.method = method;
    const Explanation explanation = Explain(model, options);
    EXPECT_EQ(explanation.result.heatmap.peak, 0.0f) << CamMethodName(method);
    EXPECT_THAT(std::vector<float>(explanation.result.heatmap.values.begin(),
                                   explanation.result.heatmap.values.end()),
                Each(0.0f));
  }
}

TEST(LayerFusionTest, StretchesToTheFinestGridAndKeepsAMapWithoutEvidenceEmpty) {
  const cv::Mat1f coarse = (cv::Mat1f(1, 2) << 0, 8);
  const cv::Mat1f fine = (cv::Mat1f(1, 4) << 0, 1, 1, 2);
  const cv::Mat1f fused = FuseLayers({coarse, fine});
  ASSERT_EQ(fused.size(), cv::Size(4, 1));
  // Scaled and stretched: 0, 1/4, 3/4, 1 and 0, 1/2, 1/2, 1.
  EXPECT_NEAR(fused(0, 0), 0.0, 1e-6);
  EXPECT_NEAR(fused(0, 1), 0.375, 1e-6);
  EXPECT_NEAR(fused(0, 2), 0.625, 1e-6);
  EXPECT_NEAR(fused(0, 3), 1.0, 1e-6);
  EXPECT_EQ(cv::norm(FuseLayers({cv::Mat1f(2, 2, 0.0f), cv::Mat1f(3, 3, 0.0f)})), 0.0);
}

TEST_F(ExplainerTest, NamesTheLayersItKnowsAndRefusesOneTwice) {
  const ModelFolder model = MakeModel(64);
  ExplainerOptions options;
  options.layers = {"features.5"};
  EXPECT_THAT(Explainer::Load(model, options),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("unknown layer \"features.5\"; known: conv1, relu, maxpool")));
  options.layers = {"layer3", "layer3.1"};
  EXPECT_THAT(Explainer::Load(model, options),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twice")));
}

TEST(CamMethodTest, IsNamedAndListedForOneThatIsNotKnown) {
  for (const char* name :
       {"gradcam", "gradcam++", "hirescam", "xgradcam", "layercam", "scorecam"}) {
    const auto method = ParseCamMethod(name);
    ASSERT_THAT(method, IsOk());
    EXPECT_STREQ(CamMethodName(*method), name);
  }
  EXPECT_THAT(ParseCamMethod("GradCAM"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("known: gradcam, gradcam++, hirescam")));
}

}  // namespace
}  // namespace camnode
