// The networks against torchvision's, on weights and a picture made by a formula;
// see tests/testdata/make_network_goldens.py.
// Also: densenet, efficientnet, resnet.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "core/inference/networks/network.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr int64_t kOutputs = 3;

// In [0, 1): SplitMix64 started at the name's FNV-1a hash, 24 bits each.
torch::Tensor Uniform(absl::string_view name, c10::IntArrayRef shape) {
  uint64_t state = 0xcbf29ce484222325;
  for (const char c : name) state = (state ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  torch::Tensor tensor = torch::empty(shape);
  float* out = tensor.data_ptr<float>();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    uint64_t x = state + static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    x = x ^ (x >> 31);
    out[i] = static_cast<float>(x >> 40) / 16777216.0f;
  }
  return tensor;
}

// Variance of a kernel times its fan in.
double Gain(absl::string_view architecture) {
  if (absl::StartsWith(architecture, "densenet")) return 2.0;
  return absl::StartsWith(architecture, "efficientnet") ? 1.5 : 1.0;
}

torch::Tensor Value(absl::string_view name, c10::IntArrayRef shape, double gain) {
  const torch::Tensor u = Uniform(name, shape);
  if (shape.size() > 1) {
    const double fan_in = static_cast<double>(c10::multiply_integers(shape.slice(1)));
    return (u + u - 1.0f) * static_cast<float>(std::sqrt(3.0 * gain / fan_in));
  }
  if (absl::EndsWith(name, "running_var") || absl::EndsWith(name, "weight")) return u + 0.5f;
  return (u + u - 1.0f) * 0.125f;
}

torch::Tensor ToTensor(const nlohmann::json& numbers) {
  return torch::tensor(numbers.get<std::vector<float>>());
}

class NetworkParityTest : public ::testing::TestWithParam<std::string> {};

TEST_P(NetworkParityTest, FeaturesAndLogitsAreTorchvisions) {
  std::ifstream file("tests/testdata/network_goldens.json");
  ASSERT_TRUE(file);
  const nlohmann::json golden = nlohmann::json::parse(file)["architectures"].at(GetParam());
  const std::shared_ptr<Network> network = *MakeNetwork(GetParam(), kOutputs);
  NamedTensors weights;
  for (const auto& [name, tensor] : StateDict(*network)) {
    weights[name] =
        tensor.is_floating_point() ? Value(name, tensor.sizes(), Gain(GetParam())) : tensor;
  }
  ASSERT_THAT(LoadStateDict(weights, *network), IsOk());

  const c10::InferenceMode inference;
  const torch::Tensor features = network->Features(Uniform("image", {2, 3, 96, 96}) * 4 - 2);

  EXPECT_EQ(features.sizes().vec(), golden["features_shape"].get<std::vector<int64_t>>());
  const torch::Tensor flat = features.flatten();
  const int64_t samples = static_cast<int64_t>(golden["features"].size());
  const torch::Tensor picked =
      flat.index_select(0, (torch::arange(samples) * flat.numel()).floor_divide(samples));
  const float greatest = golden["features_max"].get<float>();
  EXPECT_LE((picked - ToTensor(golden["features"])).abs().max().item<float>(), 1e-4f * greatest);
  EXPECT_NEAR(flat.abs().max().item<float>(), greatest, 1e-4f * greatest);

  const torch::Tensor logits = network->Head(features);
  for (int64_t n = 0; n < 2; ++n) {
    const torch::Tensor expected = ToTensor(golden["logits"][static_cast<size_t>(n)]);
    const float size = expected.abs().max().item<float>();
    EXPECT_LE((logits[n] - expected).abs().max().item<float>(), 1e-4f * size)
        << logits[n] << " instead of " << expected;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryArchitecture, NetworkParityTest,
                         ::testing::ValuesIn(KnownArchitectures()));

}  // namespace
}  // namespace camnode
