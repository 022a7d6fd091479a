// Every method against what the Python package grad-cam made with the same weights of
// the same film (tests/testdata/make_cam_golden.py), before the package scales its maps.
//
// At the last layers of ResNet and EfficientNet several methods are the same map; the
// earlier layers, DenseNet and the network without pooling tell them apart.
// Also: cam_method, gradient_maps, layer_fusion, layer_pass, score_cam.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <opencv2/core.hpp>
#include <utility>
#include <vector>

#include "core/domain/radiograph.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/classifier.h"
#include "core/inference/explainer.h"
#include "core/inference/input/preprocessor.h"
#include "core/inference/maps/cam_method.h"
#include "core/inference/maps/gradient_maps.h"
#include "core/inference/maps/layer_pass.h"
#include "core/inference/maps/score_cam.h"
#include "core/inference/networks/network.h"
#include "core/models/model_repository.h"
#include "tests/core/inference/parity.h"
#include "tests/core/inference/tiny_network.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using nlohmann::json;

// Of the largest cell: float rounding through the network.
constexpr double kTolerance = 1e-4;

const json& Golden() {
  static const json golden = json::parse(ReadAll("tests/testdata/cam_golden.json"));
  return golden;
}

Radiograph Film() { return ReadFilm("tests/testdata/" + Golden()["film"].get<std::string>()); }

ModelFolder Model(const std::string& architecture) {
  auto model = LoadModelFolder("deploy/models/" + architecture + "/1", WeightsCheck::kSkipDigest);
  EXPECT_THAT(model, IsOk());
  EXPECT_EQ(model->manifest.weights_sha256(), Golden()["weights"][architecture].get<std::string>())
      << "other weights than the golden maps were made with: run make_cam_golden.py";
  return *std::move(model);
}

std::shared_ptr<Network> LoadNetwork(const ModelFolder& model) {
  auto network = MakeNetwork(model.manifest.architecture(), 1);
  EXPECT_THAT(network, IsOk());
  auto weights = ReadSafetensors(model.weights_path);
  EXPECT_THAT(weights, IsOk());
  EXPECT_THAT(LoadStateDict(*weights, **network), IsOk());
  return *network;
}

cv::Mat1f ToMat(const json& rows) {
  cv::Mat1f map(static_cast<int>(rows.size()), static_cast<int>(rows[0].size()));
  for (int row = 0; row < map.rows; ++row) {
    for (int column = 0; column < map.cols; ++column) {
      map(row, column) = rows[static_cast<size_t>(row)][static_cast<size_t>(column)].get<float>();
    }
  }
  return map;
}

cv::Mat1f ToMat(const torch::Tensor& map) {
  const torch::Tensor host = map.detach().contiguous();
  return cv::Mat1f(static_cast<int>(host.size(0)), static_cast<int>(host.size(1)),
                   host.data_ptr<float>())
      .clone();
}

void ExpectSameMap(const cv::Mat1f& map, const json& expected, const std::string& what) {
  const cv::Mat1f golden = ToMat(expected);
  ASSERT_EQ(map.size(), golden.size()) << what;
  const double largest = cv::norm(golden, cv::NORM_INF);
  ASSERT_GT(largest, 0.0) << what;
  EXPECT_LE(cv::norm(map, golden, cv::NORM_INF), kTolerance * largest) << what;
}

TEST(CamGoldenTest, GradientMethodsGiveThePackagesMapsAtEarlierAndLastLayers) {
  SetComputeThreads(1);
  std::map<std::string, std::shared_ptr<Network>> networks;
  for (const json& entry : Golden()["maps"]) {
    const std::string architecture = entry["architecture"];
    const ModelFolder model = Model(architecture);
    if (networks.count(architecture) == 0) networks[architecture] = LoadNetwork(model);
    Network& network = *networks[architecture];
    const auto input = Preprocess(Film(), model.manifest.preprocessing());
    ASSERT_THAT(input, IsOk());
    const auto layer = FindLayer(network, entry["layer"].get<std::string>());
    ASSERT_THAT(layer, IsOk());
    const auto method = ParseCamMethod(entry["method"].get<std::string>());
    ASSERT_THAT(method, IsOk());

    const auto pass = RunLayers(network, input->image, {*layer}, 0);
    ASSERT_THAT(pass, IsOk());
    const LayerRecord& record = pass->layers[0];
    ExpectSameMap(ToMat(GradientMap(*method, record.activations, record.gradients)), entry["map"],
                  entry["architecture"].dump() + entry["layer"].dump() + entry["method"].dump());
  }
}

TEST(CamGoldenTest, EveryMethodGivesThePackagesMapForAHeadThatDoesNotPool) {
  TinyNetwork network;
  for (const json& entry : Golden()["tiny"]) {
    const auto layer = FindLayer(network, entry["layer"].get<std::string>());
    ASSERT_THAT(layer, IsOk());
    const auto method = ParseCamMethod(entry["method"].get<std::string>());
    ASSERT_THAT(method, IsOk());
    const auto output = entry["output"].get<int64_t>();

    const auto pass = RunLayers(network, TinyImage(), {*layer}, output);
    ASSERT_THAT(pass, IsOk());
    const LayerRecord& record = pass->layers[0];
    const torch::Tensor map = *method == CamMethod::kScoreCam
                                  ? ScoreCam(network, TinyImage(), record.activations, output)
                                  : GradientMap(*method, record.activations, record.gradients);
    ExpectSameMap(ToMat(map), entry["map"],
                  entry["layer"].dump() + entry["method"].dump() + entry["output"].dump());
  }
}

TEST(CamGoldenTest, LayerCamFusesLayersAsThePackageDoes) {
  SetComputeThreads(1);
  for (const json& entry : Golden()["fused"]) {
    ExplainerOptions options;
    options.method = CamMethod::kLayerCam;
    options.layers = entry["layers"].get<std::vector<std::string>>();
    const auto explainer = Explainer::Load(Model(entry["architecture"]), options);
    ASSERT_THAT(explainer, IsOk());
    const auto explanation = (*explainer)->Explain(Film());
    ASSERT_THAT(explanation, IsOk());
    EXPECT_EQ(explanation->unit, "share");
    EXPECT_TRUE(explanation->signed_map.empty());
    ExpectSameMap(explanation->result.heatmap.values, entry["map"], entry["layers"].dump());
  }
}

TEST(CamGoldenTest, ViewsOfTheFilmAreAveragedAsThePackageDoes) {
  SetComputeThreads(1);
  for (const json& entry : Golden()["augmented"]) {
    const std::string tta = entry["tta"];
    ExplainerOptions options;
    options.layers = {entry["layer"].get<std::string>()};
    options.flip = tta.find("flip") != std::string::npos;
    options.scale = tta.find("scale") != std::string::npos;
    const auto explainer = Explainer::Load(Model(entry["architecture"]), options);
    ASSERT_THAT(explainer, IsOk());
    const auto explanation = (*explainer)->Explain(Film());
    ASSERT_THAT(explanation, IsOk());
    EXPECT_EQ(explanation->views, (options.flip ? 2 : 1) * (options.scale ? 3 : 1));
    EXPECT_NEAR(explanation->result.finding.logit, entry["logit"].get<double>(), 1e-4) << tta;
    ExpectSameMap(explanation->result.heatmap.values, entry["map"], tta);
  }
}

}  // namespace
}  // namespace camnode
