// Grad-CAM is checked against sums small enough to do on paper: two channels of a
// 2x2 grid, and a head that averages each channel and weighs the averages.  For such
// a head the gradient of a score is weight / 4 at every cell, so each expected
// heatmap below can be worked out by hand.

#include "core/inference/maps/gradient_cam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr int64_t kEffusion = 0;
constexpr int64_t kNodule = 1;

torch::Tensor TwoChannels() {
  return torch::tensor({{{4.0f, 0.0f}, {0.0f, 2.0f}}, {{0.0f, 4.0f}, {0.0f, 2.0f}}}).unsqueeze(0);
}

// Scores effusion as 2 * mean(channel 0) - mean(channel 1), and nodule as
// -mean(channel 0) - mean(channel 1), which no cell can argue for.
torch::Tensor PoolAndWeigh(const torch::Tensor& features) {
  const torch::Tensor weights = torch::tensor({{2.0f, -1.0f}, {-1.0f, -1.0f}});
  return torch::matmul(features.mean({2, 3}), weights.t());
}

absl::StatusOr<Heatmap> Explain(const torch::Tensor& features, ClassifierHead head,
                                int64_t finding) {
  return GradientCam(features, features, head, finding);
}

std::vector<float> Cells(const Heatmap& heatmap) {
  return {heatmap.values.begin(), heatmap.values.end()};
}

TEST(GradientCamTest, WeighsChannelsByMeanGradientAndKeepsThePositivePart) {
  const auto heatmap = Explain(TwoChannels(), PoolAndWeigh, kEffusion);
  ASSERT_THAT(heatmap, IsOk());
  // 2/4 * channel 0 - 1/4 * channel 1 = {{2, -1}, {0, 0.5}}.
  EXPECT_FLOAT_EQ(heatmap->peak, 2.0f);
  EXPECT_THAT(Cells(*heatmap), ElementsAre(2.0f, 0.0f, 0.0f, 0.5f));
}

TEST(GradientCamTest, IsAllZeroWhenNothingArguesForTheFinding) {
  const auto heatmap = Explain(TwoChannels(), PoolAndWeigh, kNodule);
  ASSERT_THAT(heatmap, IsOk());
  EXPECT_FLOAT_EQ(heatmap->peak, 0.0f);
  EXPECT_THAT(Cells(*heatmap), Each(0.0f));
}

// The gradient is that of `features`; what it weighs may be something else, as where
// a head begins with a ReLU.
TEST(GradientCamTest, WeighsTheActivationsItIsGiven) {
  const auto heatmap = GradientCam(TwoChannels(), TwoChannels() * 3, PoolAndWeigh, kEffusion);
  ASSERT_THAT(heatmap, IsOk());
  EXPECT_FLOAT_EQ(heatmap->peak, 6.0f);
}

// The worker extracts features in InferenceMode; autograd refuses such tensors.
TEST(GradientCamTest, WorksInsideInferenceMode) {
  const c10::InferenceMode inference;
  const torch::Tensor features = TwoChannels();
  ASSERT_TRUE(features.is_inference());

  const auto heatmap = Explain(features, PoolAndWeigh, kEffusion);

  ASSERT_THAT(heatmap, IsOk());
  EXPECT_FLOAT_EQ(heatmap->peak, 2.0f);
  EXPECT_TRUE(c10::InferenceMode::is_enabled()) << "caller's mode was changed";
}

// DenseNet applies its last ReLU in place, which autograd forbids on a leaf.
TEST(GradientCamTest, LetsTheHeadWorkInPlaceAndLeavesTheFeaturesAlone) {
  const torch::Tensor features = TwoChannels();
  const auto halve_in_place = [](torch::Tensor copy) { return PoolAndWeigh(copy.mul_(0.5f)); };

  const auto heatmap = Explain(features, halve_in_place, kEffusion);

  ASSERT_THAT(heatmap, IsOk());
  EXPECT_FLOAT_EQ(heatmap->peak, 1.0f);
  EXPECT_FALSE(features.requires_grad());
  EXPECT_TRUE(features.equal(TwoChannels()));
}

TEST(GradientCamTest, RejectsAFindingTheHeadDoesNotScore) {
  for (const int64_t finding : {int64_t{-1}, int64_t{2}}) {
    EXPECT_THAT(Explain(TwoChannels(), PoolAndWeigh, finding),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

TEST(GradientCamTest, RejectsFeaturesThatAreNotOneFilmBeforeRunningTheHead) {
  const auto never = [](const torch::Tensor& features) {
    ADD_FAILURE() << "the head was run";
    return features;
  };
  for (const torch::Tensor& features : {torch::zeros({2, 2, 2, 2}), torch::zeros({1, 2, 2}),
                                        torch::zeros({1, 2, 2, 2}, torch::kInt)}) {
    EXPECT_THAT(Explain(features, never, kEffusion), StatusIs(absl::StatusCode::kInvalidArgument))
        << features.sizes();
  }
  EXPECT_THAT(GradientCam(TwoChannels(), torch::zeros({1, 2, 3, 3}), never, kEffusion),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// What a head traced with `.detach()` looks like, its bias trainable or frozen.
TEST(GradientCamTest, ReportsAHeadThatIgnoresItsInput) {
  for (const bool trainable : {false, true}) {
    const auto bias_only = [trainable](const torch::Tensor&) {
      return torch::ones({1, 2}).requires_grad_(trainable);
    };
    EXPECT_THAT(Explain(TwoChannels(), bias_only, kEffusion),
                StatusIs(absl::StatusCode::kFailedPrecondition));
  }
}

TEST(GradientCamTest, ReportsANonFiniteGradient) {
  const auto overflow = [](const torch::Tensor& features) {
    return PoolAndWeigh(features) * std::numeric_limits<float>::infinity();
  };
  EXPECT_THAT(Explain(TwoChannels(), overflow, kEffusion), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace camnode
