// Also: loss.

#include "core/training/train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/training/train/loss.h"
#include "gtest/gtest.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

std::shared_ptr<Network> Net() {
  torch::manual_seed(1);
  auto network = MakeNetwork("resnet18", 1);
  (*network)->train();
  return *network;
}

// Drawn, not computed: two networks that differ by a rounding would be pushed apart by
// gradients near 0, whose sign is all that Adam's first steps see.
void SetGradients(Network& network, int step) {
  torch::manual_seed(100 + step);
  for (torch::Tensor& p : network.parameters()) p.mutable_grad() = torch::randn(p.sizes());
}

// LibTorch's own optimizers, which go operator by operator.
template <typename Optimizer, typename Options>
double LargestDifferenceAfterSteps(const v1::Recipe& recipe, Options options) {
  const auto fused = Net();
  const auto plain = Net();
  TrainingOptimizer ours(recipe, *fused);
  std::vector<torch::Tensor> decaying;
  std::vector<torch::Tensor> others;
  for (const torch::Tensor& p : plain->parameters()) (p.dim() > 1 ? decaying : others).push_back(p);
  Options without = options;
  without.weight_decay(0.0);
  Optimizer theirs({torch::optim::OptimizerParamGroup(decaying, std::make_unique<Options>(options)),
                    torch::optim::OptimizerParamGroup(others, std::make_unique<Options>(without))},
                   options);
  for (int step = 0; step < 3; ++step) {
    SetGradients(*fused, step);
    ours.Step(1e-3);
    SetGradients(*plain, step);
    theirs.step();
  }
  double largest = 0.0;
  const auto a = fused->parameters();
  const auto b = plain->parameters();
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, (a[i] - b[i]).abs().max().item<double>());
  }
  return largest;
}

v1::Recipe RecipeFor(v1::Optimizer kind) {
  v1::Recipe recipe;
  recipe.set_optimizer(kind);
  recipe.set_weight_decay(0.1);
  recipe.set_momentum(0.9);
  return recipe;
}

TEST(TrainingOptimizerTest, AdamWStepsAsLibTorchs) {
  EXPECT_LT(LargestDifferenceAfterSteps<torch::optim::AdamW>(
                RecipeFor(v1::OPTIMIZER_ADAMW), torch::optim::AdamWOptions(1e-3).weight_decay(0.1)),
            1e-6);
}

TEST(TrainingOptimizerTest, AdamStepsAsLibTorchs) {
  EXPECT_LT(LargestDifferenceAfterSteps<torch::optim::Adam>(
                RecipeFor(v1::OPTIMIZER_ADAM), torch::optim::AdamOptions(1e-3).weight_decay(0.1)),
            1e-6);
}

TEST(TrainingOptimizerTest, SgdStepsAsLibTorchs) {
  EXPECT_LT(LargestDifferenceAfterSteps<torch::optim::SGD>(
                RecipeFor(v1::OPTIMIZER_SGD),
                torch::optim::SGDOptions(1e-3).momentum(0.9).weight_decay(0.1)),
            1e-6);
}

TEST(TrainingOptimizerTest, LargeGradientsAreCutToTheNorm) {
  v1::Recipe recipe = RecipeFor(v1::OPTIMIZER_SGD);
  recipe.set_momentum(0.0);
  recipe.set_weight_decay(0.0);
  recipe.set_max_gradient_norm(0.5);
  const auto network = Net();
  TrainingOptimizer optimizer(recipe, *network);
  std::vector<torch::Tensor> before;
  for (const torch::Tensor& p : network->parameters()) before.push_back(p.detach().clone());
  for (torch::Tensor& p : network->parameters()) p.mutable_grad() = torch::full_like(p, 3.0);
  optimizer.Step(1.0);
  double squares = 0.0;
  const auto after = network->parameters();
  for (size_t i = 0; i < after.size(); ++i) {
    squares += (after[i] - before[i]).square().sum().item<double>();
  }
  EXPECT_NEAR(std::sqrt(squares), 0.5, 1e-3);
}

TEST(TrainingLossTest, IsBinaryCrossEntropyForOneOutput) {
  v1::Recipe recipe;
  recipe.mutable_manifest()->set_reported_label("b");
  recipe.add_classes()->set_label("a");
  recipe.add_classes()->set_label("b");
  recipe.set_loss(v1::LOSS_BINARY_CROSS_ENTROPY);
  const torch::Tensor scores = torch::tensor({{2.0f}, {-1.0f}});
  const torch::Tensor classes = torch::tensor({int64_t{1}, int64_t{1}});
  // (log(1 + e^-2) + log(1 + e)) / 2
  EXPECT_NEAR(TrainingLoss(recipe, scores, classes).item<double>(), 0.7200947, 1e-6);
  recipe.set_label_smoothing(0.2);
  // Targets 0.9: 0.9 * 0.126928 + 0.1 * 2.126928 and 0.9 * 1.313262 + 0.1 * 0.313262.
  EXPECT_NEAR(TrainingLoss(recipe, scores, classes).item<double>(), 0.7700947, 1e-6);
  recipe.set_label_smoothing(0.0);
  recipe.set_loss(v1::LOSS_FOCAL);
  recipe.set_focal_gamma(2.0);
  // (0.119203^2 * 0.126928 + 0.731059^2 * 1.313262) / 2
  EXPECT_NEAR(TrainingLoss(recipe, scores, classes).item<double>(), 0.3518359, 1e-6);
  recipe.add_class_weights(5.0);
  recipe.add_class_weights(2.0);
  EXPECT_NEAR(TrainingLoss(recipe, scores, classes).item<double>(), 2 * 0.3518359, 2e-6);
}

TEST(TrainingLossTest, SoftmaxLogitsAreLogOddsOfTheReportedClass) {
  v1::Recipe recipe;
  recipe.mutable_manifest()->set_reported_label("b");
  recipe.mutable_manifest()->set_output_activation(camnode::model::v1::OUTPUT_ACTIVATION_SOFTMAX);
  for (const char* label : {"a", "b", "c"}) recipe.add_classes()->set_label(label);
  recipe.set_loss(v1::LOSS_CROSS_ENTROPY);
  const torch::Tensor scores = torch::tensor({{0.0f, 1.0f, 0.0f}});
  EXPECT_EQ(OutputCount(recipe), 3);
  // 1 - log(2)
  EXPECT_NEAR(ReportedLogits(recipe, scores)[0].item<double>(), 0.3068528, 1e-6);
  // -log(e / (e + 2))
  EXPECT_NEAR(TrainingLoss(recipe, scores, torch::tensor({int64_t{1}})).item<double>(), 0.5514447,
              1e-6);
}

}  // namespace
}  // namespace camnode
