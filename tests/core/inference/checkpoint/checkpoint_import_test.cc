// Also: model_folder_writer.

#include "core/inference/checkpoint/checkpoint_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/networks/network.h"
#include "tests/core/inference/checkpoint/checkpoint_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using ::testing::AllOf;
using ::testing::HasSubstr;

v1::ModelManifest Draft(const std::string& precision) {
  v1::ModelManifest draft;
  draft.set_name("small");
  draft.set_version("1");
  draft.set_architecture("resnet18");
  draft.add_labels("pneumonia");
  draft.set_reported_label("pneumonia");
  v1::Preprocessing& preprocessing = *draft.mutable_preprocessing();
  preprocessing.set_input_size(64);
  preprocessing.set_geometry(v1::GEOMETRY_SQUASH);
  preprocessing.set_intensity(v1::INTENSITY_POLICY_FILE);
  for (int i = 0; i < 3; ++i) preprocessing.add_mean(0.5);
  for (int i = 0; i < 3; ++i) preprocessing.add_standard_deviation(0.25);
  draft.set_threshold(0.5);
  draft.set_threshold_set_id("test-1");
  draft.set_weights_precision(precision);
  draft.set_population("nobody");
  draft.set_intended_use("Tests.");
  draft.set_training_data("None.");
  return draft;
}

// A zip checkpoint of the tensors, each with a storage of its own.
std::string CheckpointOf(const NamedTensors& tensors) {
  std::vector<std::pair<std::string, std::string>> entries;
  std::vector<std::pair<std::string, std::string>> records = {{"version", "3\n"}};
  for (const auto& [name, tensor] : tensors) {
    TensorText text;
    text.storage = tensor.is_floating_point() ? "FloatStorage" : "LongStorage";
    text.key = absl::StrCat(entries.size());
    text.elements = tensor.numel();
    text.sizes = tensor.sizes().vec();
    text.strides = tensor.strides().vec();
    entries.emplace_back(name, PickleTensor(text));
    records.emplace_back("data/" + text.key,
                         std::string(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()));
  }
  records.emplace_back("data.pkl", WholePickle(PickleDictionary(entries)));
  return ZipCheckpoint(records);
}

class CheckpointImportTest : public ::testing::Test {
 protected:
  CheckpointImportTest() : folder_(fs::path(::testing::TempDir()) / "checkpoint_import_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~CheckpointImportTest() override { fs::remove_all(folder_); }

  std::string Write(const NamedTensors& tensors) {
    const std::string path = (folder_ / "film.pth").string();
    std::ofstream(path, std::ios::binary) << CheckpointOf(tensors);
    return path;
  }
  std::string Output() const { return (folder_ / "models" / "small" / "1").string(); }

  static NamedTensors RandomWeights(int64_t outputs) {
    torch::manual_seed(1);
    NamedTensors weights = StateDict(**MakeNetwork("resnet18", outputs));
    for (auto& [name, tensor] : weights) tensor = tensor.detach().clone();
    return weights;
  }

  fs::path folder_;
};

TEST_F(CheckpointImportTest, WritesAFolderThatLoadsWithTheSameWeights) {
  const NamedTensors weights = RandomWeights(1);
  const auto model = ImportCheckpoint(Write(weights), Draft("float32"), Output());
  ASSERT_THAT(model, IsOk());

  const auto loaded = LoadModelFolder(Output(), WeightsCheck::kVerifyDigest);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->manifest.name(), "small");
  const auto stored = ReadSafetensors(loaded->weights_path);
  ASSERT_THAT(stored, IsOk());
  ASSERT_EQ(stored->size(), weights.size());
  for (const auto& [name, tensor] : weights) EXPECT_TRUE(stored->at(name).equal(tensor)) << name;
}

TEST_F(CheckpointImportTest, HalvesOnlyLargeKernels) {
  ASSERT_THAT(ImportCheckpoint(Write(RandomWeights(1)), Draft("float16"), Output()), IsOk());
  const auto stored = ReadSafetensors(Output() + "/weights.safetensors");
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->at("layer4.1.conv2.weight").scalar_type(), torch::kFloat16);
  for (const char* kept : {"conv1.weight", "bn1.weight", "layer4.1.bn2.running_var",
                           "layer4.1.bn2.running_mean", "fc.weight", "fc.bias"}) {
    EXPECT_EQ(stored->at(kept).scalar_type(), torch::kFloat32) << kept;
  }
  EXPECT_EQ(stored->at("bn1.num_batches_tracked").scalar_type(), torch::kInt64);
}

TEST_F(CheckpointImportTest, WritesNothingForWeightsThatDoNotFit) {
  NamedTensors weights = RandomWeights(1);
  weights.erase("bn1.bias");
  weights["surplus"] = torch::zeros({1});
  EXPECT_THAT(ImportCheckpoint(Write(weights), Draft("float32"), Output()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("film.pth"), HasSubstr("missing: bn1.bias"),
                             HasSubstr("surplus: surplus"))));
  EXPECT_FALSE(fs::exists(Output()));
}

TEST_F(CheckpointImportTest, TakesTheNumberOfOutputsFromTheClassifier) {
  const std::string checkpoint = Write(RandomWeights(2));
  EXPECT_THAT(ImportCheckpoint(checkpoint, Draft("float32"), Output()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("2 outputs but 1 labels")));
  v1::ModelManifest draft = Draft("float32");
  draft.add_labels("nodule");
  EXPECT_THAT(ImportCheckpoint(checkpoint, draft, Output()), IsOk());
}

TEST_F(CheckpointImportTest, RefusesWeightsThatHalfPrecisionCannotHold) {
  NamedTensors weights = RandomWeights(1);
  weights["layer4.1.conv2.weight"][0][0][0][0] = 70'000.0f;
  const std::string checkpoint = Write(weights);
  EXPECT_THAT(ImportCheckpoint(checkpoint, Draft("float16"), Output()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("layer4.1.conv2.weight"), HasSubstr("float32"))));
  EXPECT_THAT(ImportCheckpoint(checkpoint, Draft("float32"), Output()), IsOk());
}

NamedTensors Prefixed(const NamedTensors& tensors, const std::string& prefix = "module.") {
  NamedTensors prefixed;
  for (const auto& [name, tensor] : tensors) prefixed[prefix + name] = tensor;
  return prefixed;
}

// Lightning's, torch.compile's, and one within the other.
TEST_F(CheckpointImportTest, SaysWhichPrefixAllNamesHave) {
  const NamedTensors some = {{"conv1.weight", torch::zeros({1})}, {"fc.weight", torch::zeros({1})}};
  for (const char* prefix : {"model.", "_orig_mod.", "module._orig_mod."}) {
    EXPECT_THAT(ImportCheckpoint(Write(Prefixed(some, prefix)), Draft("float32"), Output()),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr(absl::StrCat("--strip-prefix ", prefix))));
  }
}

TEST_F(CheckpointImportTest, RefusesAVarianceBelowZero) {
  NamedTensors weights = RandomWeights(1);
  weights["layer1.0.bn1.running_var"][3] = -0.5;
  EXPECT_THAT(ImportCheckpoint(Write(weights), Draft("float32"), Output()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("layer1.0.bn1.running_var is below 0")));
}

TEST_F(CheckpointImportTest, TakesThePrefixOfDataParallelOffWhenAsked) {
  const NamedTensors weights = RandomWeights(1);
  const std::string checkpoint = Write(Prefixed(weights));
  EXPECT_THAT(ImportCheckpoint(checkpoint, Draft("float32"), Output()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--strip-prefix module.")));
  EXPECT_FALSE(fs::exists(Output()));

  ASSERT_THAT(ImportCheckpoint(checkpoint, Draft("float32"), Output(), {"module."}), IsOk());
  const auto stored = ReadSafetensors(Output() + "/weights.safetensors");
  ASSERT_THAT(stored, IsOk());
  EXPECT_TRUE(stored->at("fc.weight").equal(weights.at("fc.weight")));
}

TEST_F(CheckpointImportTest, ListsTheNamesThatLackThePrefix) {
  NamedTensors weights = Prefixed(RandomWeights(1));
  weights["bn1.bias"] = weights["module.bn1.bias"];
  weights["fc.bias"] = weights["module.fc.bias"];
  EXPECT_THAT(ImportCheckpoint(Write(weights), Draft("float32"), Output(), {"module."}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("2 names do not begin with \"module.\": bn1.bias, fc.bias")));
}

TEST_F(CheckpointImportTest, NeverOverwritesAModel) {
  const std::string checkpoint = Write(RandomWeights(1));
  ASSERT_THAT(ImportCheckpoint(checkpoint, Draft("float32"), Output()), IsOk());
  EXPECT_THAT(ImportCheckpoint(checkpoint, Draft("float16"), Output()),
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(Output())));
  EXPECT_THAT(LoadModelFolder(Output(), WeightsCheck::kVerifyDigest), IsOk());
}

TEST_F(CheckpointImportTest, ReportsWrongFieldsOfTheManifestBeforeWriting) {
  v1::ModelManifest draft = Draft("float32");
  draft.set_threshold(1.5);
  EXPECT_THAT(ImportCheckpoint(Write(RandomWeights(1)), draft, Output()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("threshold")));
  EXPECT_FALSE(fs::exists(Output()));
}

}  // namespace
}  // namespace camnode
