// The fast path against the modules it was made from.
// Also: compiled_network, fold, kernels, network_graph.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/inference/device/precision.h"
#include "core/inference/engine/compiled_network.h"
#include "core/inference/maps/closed_form_cam.h"
#include "core/inference/networks/network.h"
#include "tests/testing/status_matchers.h"
#include "torch/torch.h"

namespace camnode {
namespace {

constexpr int64_t kOutputs = 3;
constexpr int64_t kFinding = 1;
constexpr int64_t kSide = 96;

// Weights as after some training: norms that scale, shift and differ by channel.
std::shared_ptr<Network> TrainedLike(const std::string& architecture) {
  torch::manual_seed(7);
  auto network = MakeNetwork(architecture, kOutputs);
  EXPECT_THAT(network, IsOk());
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : StateDict(**network)) {
    if (tensor.dim() != 1 || !tensor.is_floating_point()) continue;
    if (name.find("running_var") != std::string::npos) {
      tensor.uniform_(0.5, 1.5);
    } else if (name.find("running_mean") != std::string::npos) {
      tensor.uniform_(-0.2, 0.2);
    } else if (name.find("bias") != std::string::npos) {
      tensor.uniform_(-0.1, 0.1);
    } else {
      tensor.uniform_(0.7, 1.3);
    }
  }
  return *network;
}

torch::Tensor Images(int64_t count) {
  torch::manual_seed(3);
  return torch::randn({count, 3, kSide, kSide});
}

std::unique_ptr<CompiledNetwork> Compile(const Network& network, const CompileOptions& options,
                                         PackedWeights& weights) {
  NetworkGraph graph({3, kSide, kSide});
  EXPECT_TRUE(network.Describe(graph));
  auto compiled = CompiledNetwork::Compile(graph, options, weights);
  EXPECT_THAT(compiled, IsOk());
  return compiled.ok() ? *std::move(compiled) : nullptr;
}

PassResult RunAll(CompiledNetwork& compiled, const torch::Tensor& images,
                  int64_t finding = kFinding) {
  const torch::Tensor planes = images.contiguous().view({compiled.batch(), 3, kSide, kSide});
  std::vector<const float*> each;
  for (int64_t i = 0; i < compiled.batch(); ++i) each.push_back(planes[i].data_ptr<float>());
  PassResult result;
  EXPECT_THAT(compiled.Run(each, finding, result), IsOk());
  return result;
}

torch::Tensor Logits(const PassResult& result) {
  return torch::tensor(result.logits).view({-1, kOutputs});
}

double LargestDifference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class EngineTest : public ::testing::TestWithParam<std::string> {};

TEST_P(EngineTest, GivesTheLogitsAndMapsOfTheModulesInFloat32) {
  const auto network = TrainedLike(GetParam());
  const torch::Tensor images = Images(2);
  PackedWeights weights;
  const auto compiled = Compile(*network, {2, ComputePrecision::kFloat32, 2}, weights);
  ASSERT_NE(compiled, nullptr);

  const PassResult result = RunAll(*compiled, images);

  const torch::NoGradGuard no_grad;
  const torch::Tensor features = network->Features(images);
  const torch::Tensor logits = network->Head(features.clone());
  const double scale = std::max(1.0, logits.abs().max().item<double>());
  EXPECT_LE(LargestDifference(Logits(result), logits) / scale, 1e-5);
  float strongest = 0.0f;
  for (int64_t finding = 0; finding < kOutputs; ++finding) {
    const PassResult pass = RunAll(*compiled, images, finding);
    for (int64_t image = 0; image < 2; ++image) {
      const auto expected =
          ClosedFormCam(network->Activations(features.clone())[image].unsqueeze(0),
                        network->pooled_classifier()->weight, network->cam_weights(), finding);
      ASSERT_THAT(expected, IsOk());
      strongest = std::max(strongest, expected->peak);
      const auto cells = static_cast<size_t>(expected->values.total());
      ASSERT_EQ(pass.maps.size(), 2 * cells);
      for (size_t i = 0; i < cells; ++i) {
        EXPECT_NEAR(pass.maps[static_cast<size_t>(image) * cells + i],
                    expected->values.at<float>(static_cast<int>(i)),
                    2e-5 * std::max(expected->peak, 1e-3f));
      }
    }
  }
  EXPECT_GT(strongest, 0.0f) << "no map to compare";
}

TEST_P(EngineTest, GivesTheSameBitsEveryTime) {
  const auto network = TrainedLike(GetParam());
  PackedWeights weights;
  const CompileOptions options = {1, ComputePrecision::kFloat32, 2};
  const auto first = Compile(*network, options, weights);
  const PassResult once = RunAll(*first, Images(1));
  const PassResult again = RunAll(*first, Images(1));
  PackedWeights others;
  const PassResult elsewhere = RunAll(*Compile(*network, options, others), Images(1));

  EXPECT_EQ(once.logits, again.logits);
  EXPECT_EQ(once.maps, again.maps);
  EXPECT_EQ(once.logits, elsewhere.logits);
  EXPECT_EQ(once.maps, elsewhere.maps);
}

TEST_P(EngineTest, ABatchGivesEachImageWhatItGetsAlone) {
  const auto network = TrainedLike(GetParam());
  PackedWeights weights;
  const auto one = Compile(*network, {1, ComputePrecision::kFloat32, 1}, weights);
  const auto eight = Compile(*network, {8, ComputePrecision::kFloat32, 1}, weights);
  const torch::Tensor images = Images(8);

  const torch::Tensor together = Logits(RunAll(*eight, images));

  const double scale = std::max(1.0, together.abs().max().item<double>());
  for (int64_t image = 0; image < 8; ++image) {
    const torch::Tensor alone = Logits(RunAll(*one, images[image]));
    EXPECT_LE(LargestDifference(alone[0], together[image]) / scale, 1e-5);
  }
}

TEST_P(EngineTest, Bfloat16StaysCloseOrIsRefusedByAProcessorWithoutIt) {
  const auto network = TrainedLike(GetParam());
  PackedWeights weights;
  NetworkGraph graph({3, kSide, kSide});
  ASSERT_TRUE(network->Describe(graph));
  auto half = CompiledNetwork::Compile(graph, {1, ComputePrecision::kBfloat16, 1}, weights);
  if (!HasFastPrecision(ComputePrecision::kBfloat16)) {
    EXPECT_EQ(half.status().code(), absl::StatusCode::kUnimplemented);
    return;
  }
  ASSERT_THAT(half, IsOk());
  PackedWeights whole_weights;
  const auto whole = Compile(*network, {1, ComputePrecision::kFloat32, 1}, whole_weights);
  const torch::Tensor exact = Logits(RunAll(*whole, Images(1)));
  const torch::Tensor rounded = Logits(RunAll(**half, Images(1)));
  const double scale = std::max(1.0, exact.abs().max().item<double>());
  EXPECT_LE(LargestDifference(exact, rounded) / scale, 0.1);
  EXPECT_GT(LargestDifference(exact, rounded), 0.0) << "was it computed in float32?";
}

INSTANTIATE_TEST_SUITE_P(Architectures, EngineTest,
                         ::testing::Values("resnet18", "resnet50", "efficientnet_b0",
                                           "densenet121"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace camnode
