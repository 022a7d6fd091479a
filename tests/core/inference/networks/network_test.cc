#include "core/inference/networks/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::shared_ptr<Network> Make(absl::string_view architecture, int64_t outputs) {
  absl::StatusOr<std::shared_ptr<Network>> network = MakeNetwork(architecture, outputs);
  EXPECT_THAT(network, IsOk());
  return *std::move(network);
}

// "densenet121 <tab> features.norm0.bias <tab> 64 <tab> float", sorted.
std::string Describe(absl::string_view architecture) {
  std::string text;
  for (const auto& [name, tensor] : StateDict(*Make(architecture, 1))) {
    absl::StrAppend(&text, architecture, "\t", name, "\t",
                    tensor.dim() == 0 ? "scalar" : absl::StrJoin(tensor.sizes(), "x"), "\t",
                    tensor.is_floating_point() ? "float" : "int64", "\n");
  }
  return text;
}

TEST(NetworkTest, NamesItsParametersAndBuffersAsTorchvisionDoes) {
  std::ifstream file("tests/testdata/torchvision_parameters.tsv");
  ASSERT_TRUE(file);
  const std::string expected((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(
      absl::StrCat(Describe("densenet121"), Describe("efficientnet_b0"), Describe("resnet18")),
      expected);
}

// The numbers in torchvision's documentation, for the 1,000 classes of ImageNet.
TEST(NetworkTest, HasAsManyParametersAsTorchvisionsNetworks) {
  for (const auto& [architecture, expected] :
       std::vector<std::pair<std::string, int64_t>>{{"densenet121", 7'978'856},
                                                    {"densenet169", 14'149'480},
                                                    {"efficientnet_b0", 5'288'548},
                                                    {"efficientnet_b1", 7'794'184},
                                                    {"efficientnet_b2", 9'109'994},
                                                    {"efficientnet_b3", 12'233'232},
                                                    {"efficientnet_b4", 19'341'616},
                                                    {"resnet18", 11'689'512},
                                                    {"resnet34", 21'797'672},
                                                    {"resnet50", 25'557'032}}) {
    int64_t count = 0;
    for (const torch::Tensor& parameter : Make(architecture, 1000)->parameters()) {
      count += parameter.numel();
    }
    EXPECT_EQ(count, expected) << architecture;
  }
}

TEST(NetworkTest, GivesOneScoreAnOutputAndAGridOfAThirtySecondOfTheSide) {
  const c10::InferenceMode inference;
  for (const std::string& architecture : KnownArchitectures()) {
    const auto network = Make(architecture, 3);
    const torch::Tensor features = network->Features(torch::zeros({2, 3, 64, 64}));
    EXPECT_EQ(features.sizes().slice(2), (std::vector<int64_t>{2, 2})) << architecture;
    EXPECT_EQ(network->Head(features.clone()).sizes(), (std::vector<int64_t>{2, 3}));
    EXPECT_FALSE(network->is_training());
  }
}

TEST(NetworkTest, RunsUpToALayerNamedAsPyTorchNamesItAndOnFromIt) {
  const c10::InferenceMode inference;
  torch::manual_seed(2);
  const torch::Tensor image = torch::randn({1, 3, 64, 64});
  for (const auto& [architecture, layer, shape] :
       std::vector<std::tuple<std::string, std::string, std::vector<int64_t>>>{
           {"densenet121", "features.denseblock3", {1, 1024, 4, 4}},
           {"densenet121", "features.transition1", {1, 128, 8, 8}},
           {"efficientnet_b0", "features.5", {1, 112, 4, 4}},
           {"efficientnet_b0", "features.5.0", {1, 112, 4, 4}},
           {"resnet18", "layer2", {1, 128, 8, 8}},
           {"resnet18", "layer4", {1, 512, 2, 2}},
           {"resnet50", "layer1.0", {1, 256, 16, 16}}}) {
    const auto network = Make(architecture, 1);
    const absl::StatusOr<size_t> count = FindLayer(*network, layer);
    ASSERT_THAT(count, IsOk());
    torch::Tensor x = image;
    for (size_t i = 0; i < *count; ++i) x = network->steps()[i].run(x);
    EXPECT_EQ(x.sizes(), shape) << architecture << " " << layer;
    for (size_t i = *count; i < network->steps().size(); ++i) x = network->steps()[i].run(x);
    EXPECT_TRUE(x.equal(network->Features(image))) << architecture << " " << layer;
  }
}

TEST(NetworkTest, TakesAContainerForItsLastChild) {
  const auto network = Make("resnet34", 1);
  EXPECT_EQ(*FindLayer(*network, "layer3"), *FindLayer(*network, "layer3.5"));
  EXPECT_LT(*FindLayer(*network, "layer3.4"), *FindLayer(*network, "layer3"));
  EXPECT_EQ(*FindLayer(*network, "layer4"), network->steps().size());
  EXPECT_EQ(*FindLayer(*Make("efficientnet_b0", 1), "features"),
            Make("efficientnet_b0", 1)->steps().size());
}

TEST(NetworkTest, FindsEveryLayerItListsAndListsThemForOneItDoesNotKnow) {
  for (const std::string& architecture : KnownArchitectures()) {
    const auto network = Make(architecture, 1);
    for (const std::string& name : LayerNames(*network)) {
      EXPECT_THAT(FindLayer(*network, name), IsOk()) << architecture;
    }
    for (const char* wrong :
         {"", "layer", "layer40", "features.", "features.denseblock", ".", "fc"}) {
      EXPECT_THAT(FindLayer(*network, wrong), StatusIs(absl::StatusCode::kInvalidArgument))
          << architecture << " \"" << wrong << "\"";
    }
  }
  EXPECT_THAT(FindLayer(*Make("resnet18", 1), "layer5").status().message(),
              HasSubstr("unknown layer \"layer5\"; known: conv1, relu, maxpool, layer1.0, "
                        "layer1.1, layer1, layer2.0"));
}

TEST(NetworkTest, KnowsTheClassifierOfEachArchitecture) {
  for (const std::string& architecture : KnownArchitectures()) {
    const auto network = Make(architecture, 4);
    const NamedTensors tensors = StateDict(*network);
    ASSERT_EQ(tensors.count(ClassifierWeightName(architecture)), 1) << architecture;
    EXPECT_TRUE(tensors.at(ClassifierWeightName(architecture))
                    .is_same(network->pooled_classifier()->weight));
  }
}

TEST(NetworkTest, NamesTheKnownArchitecturesWhenAskedForAnother) {
  EXPECT_THAT(MakeNetwork("alexnet", 1),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("alexnet"), HasSubstr("densenet121, densenet169"))));
}

TEST(NetworkTest, TakesOverWeightsThatFitAndWidensHalfPrecision) {
  const auto from = Make("resnet18", 1);
  NamedTensors weights = StateDict(*from);
  weights["fc.weight"] = weights["fc.weight"].to(torch::kFloat16);

  const auto to = Make("resnet18", 1);
  ASSERT_THAT(LoadStateDict(weights, *to), IsOk());

  EXPECT_TRUE(StateDict(*to)["conv1.weight"].equal(weights["conv1.weight"]));
  EXPECT_EQ(to->pooled_classifier()->weight.scalar_type(), torch::kFloat32);
  EXPECT_TRUE(to->pooled_classifier()->weight.equal(weights["fc.weight"].to(torch::kFloat32)));
}

TEST(NetworkTest, NamesEveryMissingSurplusAndMisshapenWeightAtOnceAndChangesNothing) {
  const auto network = Make("resnet18", 1);
  const torch::Tensor before = StateDict(*network)["conv1.weight"].clone();
  NamedTensors weights = StateDict(*Make("resnet18", 2));
  weights.erase("bn1.bias");
  weights.erase("layer1.0.conv1.weight");
  weights["extra"] = torch::zeros({1});
  weights["conv1.weight"] = torch::zeros({64, 1, 7, 7});

  EXPECT_THAT(LoadStateDict(weights, *network),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("2 missing: bn1.bias, layer1.0.conv1.weight"),
                             HasSubstr("1 surplus: extra"),
                             HasSubstr("conv1.weight [64, 1, 7, 7] instead of [64, 3, 7, 7]"),
                             HasSubstr("fc.weight [2, 512] instead of [1, 512]"),
                             Not(HasSubstr("layer2")))));
  EXPECT_TRUE(StateDict(*network)["conv1.weight"].equal(before));
}

}  // namespace
}  // namespace camnode
