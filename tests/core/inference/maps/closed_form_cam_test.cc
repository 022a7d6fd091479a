// Two channels of a 2x2 grid and small weights: each map can be worked out by hand.

#include "core/inference/maps/closed_form_cam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/inference/maps/gradient_cam.h"
#include "core/inference/networks/network.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

torch::Tensor TwoChannels() {
  return torch::tensor({{{4.0f, 0.0f}, {0.0f, 2.0f}}, {{0.0f, 4.0f}, {0.0f, 2.0f}}}).unsqueeze(0);
}

// Effusion: 2 * mean(channel 0) - mean(channel 1).  Nodule: nothing argues for it.
torch::Tensor Weights() { return torch::tensor({{2.0f, -1.0f}, {-1.0f, -1.0f}}); }

std::vector<float> Cells(const Heatmap& heatmap) {
  return {heatmap.values.begin(), heatmap.values.end()};
}

TEST(ClosedFormCamTest, WeighsChannelsAndKeepsThePositivePartInScoreUnits) {
  const auto heatmap = ClosedFormCam(TwoChannels(), Weights(), CamWeights::kPlain, 0);
  ASSERT_THAT(heatmap, IsOk());
  // 2/4 * channel 0 - 1/4 * channel 1 = {{2, -1}, {0, 0.5}}.
  EXPECT_THAT(Cells(*heatmap), ElementsAre(2.0f, 0.0f, 0.0f, 0.5f));
  EXPECT_FLOAT_EQ(heatmap->peak, 2.0f);
}

TEST(ClosedFormCamTest, CountsOnlyActiveCellsWhereAReluStandsBeforeThePooling) {
  const auto heatmap = ClosedFormCam(TwoChannels(), Weights(), CamWeights::kMaskedByActivation, 0);
  ASSERT_THAT(heatmap, IsOk());
  // Half of each channel's cells are active: half of each weight.
  EXPECT_THAT(Cells(*heatmap), ElementsAre(1.0f, 0.0f, 0.0f, 0.25f));
}

TEST(ClosedFormCamTest, IsAllZeroWhenNothingArguesForTheFinding) {
  const auto heatmap = ClosedFormCam(TwoChannels(), Weights(), CamWeights::kPlain, 1);
  ASSERT_THAT(heatmap, IsOk());
  EXPECT_THAT(Cells(*heatmap), Each(0.0f));
  EXPECT_EQ(heatmap->peak, 0.0f);
}

TEST(ClosedFormCamTest, KeepsTheShapeOfAGridThatIsNotSquare) {
  const auto heatmap =
      ClosedFormCam(torch::ones({1, 2, 3, 5}), torch::ones({1, 2}), CamWeights::kPlain, 0);
  ASSERT_THAT(heatmap, IsOk());
  EXPECT_EQ(heatmap->values.size(), cv::Size(5, 3));
}

TEST(ClosedFormCamTest, RefusesShapesThatDoNotFit) {
  using absl::StatusCode;
  const auto cam = [](const torch::Tensor& activations, const torch::Tensor& weights, int finding) {
    return ClosedFormCam(activations, weights, CamWeights::kPlain, finding);
  };
  EXPECT_THAT(cam(torch::zeros({2, 2, 2, 2}), Weights(), 0),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(cam(TwoChannels(), torch::zeros({1, 3}), 0), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(cam(TwoChannels(), Weights(), 2), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(cam(TwoChannels(), Weights(), -1), StatusIs(StatusCode::kInvalidArgument));
}

TEST(ClosedFormCamTest, ReportsAMapThatIsNotFinite) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(ClosedFormCam(TwoChannels() * infinity, Weights(), CamWeights::kPlain, 0),
              StatusIs(absl::StatusCode::kInternal));
}

// The same map as Grad-CAM's definition gives by a backward pass, for each network
// and each of its outputs, on features of both signs.
TEST(ClosedFormCamTest, EqualsTheBackwardPassForEveryArchitecture) {
  torch::manual_seed(1);
  for (const std::string& architecture : KnownArchitectures()) {
    const auto network = MakeNetwork(architecture, 2);
    ASSERT_THAT(network, IsOk());
    const torch::Tensor& weight = (*network)->pooled_classifier()->weight;
    const torch::Tensor features = torch::randn({1, weight.size(1), 7, 7});
    const torch::Tensor activations = (*network)->Activations(features);
    for (int64_t output : {0, 1}) {
      const auto closed =
          ClosedFormCam(activations, weight.detach(), (*network)->cam_weights(), output);
      const auto backward = GradientCam(
          features, activations, [&](const torch::Tensor& copy) { return (*network)->Head(copy); },
          output);
      ASSERT_THAT(closed, IsOk());
      ASSERT_THAT(backward, IsOk());
      ASSERT_GT(backward->peak, 0.0f);
      EXPECT_LT(cv::norm(closed->values, backward->values, cv::NORM_INF), 1e-5 * backward->peak)
          << architecture;
    }
  }
}

}  // namespace
}  // namespace camnode
