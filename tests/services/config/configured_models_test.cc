#include "services/config/configured_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "core/base/sha256.h"
#include "core/models/model_manifest.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kWeights[] = "weights";

// Folders of models whose precision BFLOAT16 was checked, with what result.
class ConfiguredModelsTest : public ::testing::Test {
 protected:
  ConfiguredModelsTest() : root_(fs::path(::testing::TempDir()) / "configured_models_test") {
    fs::remove_all(root_);
  }
  ~ConfiguredModelsTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, double probability_difference) {
    auto carried = LoadModelFolder("deploy/models/resnet18/1", WeightsCheck::kSkipDigest);
    ASSERT_THAT(carried, IsOk());
    v1::ModelManifest manifest = carried->manifest;
    manifest.set_name(name);
    manifest.set_weights_sha256(Sha256Hex(kWeights));
    manifest.clear_outlier_file();
    manifest.clear_outlier_sha256();
    manifest.clear_precision();
    manifest.clear_precision_checks();
    v1::PrecisionCheck& check = *manifest.add_precision_checks();
    check.set_precision(v1::BFLOAT16);
    check.set_weights_sha256(manifest.weights_sha256());
    check.set_threshold(manifest.threshold());
    check.set_films(300);
    check.set_max_probability_difference(probability_difference);
    const fs::path folder = root_ / name / "1";
    fs::create_directories(folder);
    std::ofstream(folder / "manifest.textproto") << FormatManifest(manifest, "");
    std::ofstream(folder / manifest.weights_file()) << kWeights;
  }

  absl::StatusOr<SharedModels> Load(const std::string& precisions) {
    auto config = ParseConfig(absl::Substitute(R"(model_directory: "$0"
                            workflow { models: "good" models: "bad" } $1)",
                                               root_.string(), precisions),
                              "f");
    if (!config.ok()) return config.status();
    return LoadConfiguredModels(*config, WeightsCheck::kVerifyDigest);
  }

  fs::path root_;
};

TEST_F(ConfiguredModelsTest, APrecisionThatPassedItsCheckTakesTheManifestsPlace) {
  Write("good", 0.001);
  Write("bad", 0.5);
  const auto plain = Load("");
  ASSERT_THAT(plain, IsOk());
  for (const std::string name : {"good", "good/1"}) {
    const auto models =
        Load(absl::StrCat("precisions { model: \"", name, "\" precision: \"bfloat16\" }"));
    ASSERT_THAT(models, IsOk());
    EXPECT_EQ(models->folders[0].manifest.precision(), v1::BFLOAT16);
    EXPECT_EQ(models->folders[1].manifest.precision(), v1::PRECISION_UNSPECIFIED);
    EXPECT_NE(ModelSetDigest(models->FoldersOf(0)), ModelSetDigest(plain->FoldersOf(0)));
  }
}

TEST_F(ConfiguredModelsTest, APrecisionThatWasNotCheckedOrFailedIsRefused) {
  Write("good", 0.001);
  Write("bad", 0.5);
  using absl::StatusCode;
  EXPECT_THAT(
      Load(R"(precisions { model: "bad" precision: "bfloat16" })"),
      StatusIs(StatusCode::kFailedPrecondition, AllOf(HasSubstr("precisions: "), HasSubstr("bad/1"),
                                                      HasSubstr("a probability moved by 0.5000"))));
  EXPECT_THAT(Load(R"(precisions { model: "good" precision: "float16" })"),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("FLOAT16 was not checked"),
                             HasSubstr("camnode-lab evaluate-precision"))));
  EXPECT_THAT(Load(R"(precisions { model: "bad" precision: "float32" })"), IsOk());
}

TEST_F(ConfiguredModelsTest, SaysWhichOptionNamesAModelThatIsNotThere) {
  Write("good", 0.001);
  EXPECT_THAT(Load(""), StatusIs(absl::StatusCode::kNotFound, HasSubstr("workflow.models: ")));
  Write("bad", 0.5);
  EXPECT_THAT(Load(R"(precisions { model: "good/2" precision: "float32" })"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("precisions: no workflow has the model good/2")));
}

}  // namespace
}  // namespace camnode
