#include "core/models/ensemble_threshold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ios>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

ModelFolder Folder(const std::string& name, char digit) {
  ModelFolder model;
  model.manifest.set_name(name);
  model.manifest.set_version("1");
  model.manifest.set_weights_sha256(std::string(64, digit));
  model.manifest.set_architecture("resnet18");
  model.manifest.add_labels("pneumonia");
  model.manifest.set_reported_label("pneumonia");
  return model;
}

std::vector<ModelFolder> TwoModels() { return {Folder("a", '1'), Folder("b", '2')}; }

EnsembleThreshold SomeThreshold() {
  EnsembleThreshold threshold = EnsembleThresholdOf(TwoModels());
  threshold.set_threshold(0.62);
  threshold.set_interval_low(0.5);
  threshold.set_interval_high(0.7);
  threshold.set_interval_level(0.95);
  threshold.set_rule("sensitivity 0.95 on weighted films");
  threshold.set_films(5000);
  threshold.set_normals(1300);
  threshold.set_threshold_set_id("shortcut-balanced-1");
  return threshold;
}

class EnsembleThresholdTest : public ::testing::Test {
 protected:
  EnsembleThresholdTest() : folder_(fs::path(::testing::TempDir()) / "ensemble_threshold_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~EnsembleThresholdTest() override { fs::remove_all(folder_); }

  std::string Path() const {
    return EnsembleThresholdPath(folder_.string(), ScoresDigest(TwoModels()));
  }

  fs::path folder_;
};

TEST_F(EnsembleThresholdTest, IsFoundAgainByItsModelsInWhateverOrder) {
  ASSERT_THAT(SaveEnsembleThreshold(folder_.string(), SomeThreshold()), IsOk());
  const auto found = LoadEnsembleThreshold(folder_.string(), {Folder("b", '2'), Folder("a", '1')});
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->SerializeAsString(), SomeThreshold().SerializeAsString());
  EXPECT_EQ(found->members(1).model(), "b/1");
}

TEST_F(EnsembleThresholdTest, IsNotThereForOtherProbabilities) {
  ASSERT_THAT(SaveEnsembleThreshold(folder_.string(), SomeThreshold()), IsOk());
  auto models = TwoModels();
  models[1].manifest.mutable_calibration()->set_scale(0.8);
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), models),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), {Folder("a", '1'), Folder("b", '3')}),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(EnsembleThresholdTest, StaysWithModelsWhoseOwnThresholdChanged) {
  ASSERT_THAT(SaveEnsembleThreshold(folder_.string(), SomeThreshold()), IsOk());
  auto models = TwoModels();
  models[0].manifest.set_threshold(0.9);
  models[0].manifest.mutable_calibration()->set_scale(1.0);  // As without one.
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), models), IsOk());
}

TEST_F(EnsembleThresholdTest, SaysInWhichLineAndColumnAFileIsWrong) {
  ASSERT_THAT(SaveEnsembleThreshold(folder_.string(), SomeThreshold()), IsOk());
  std::ofstream(Path(), std::ios::trunc) << "# A comment.\n\nthreshold = 4";
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), TwoModels()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Path() + ": 3:11: ")));
}

// What a killed program left neither stops the next one nor is read.
TEST_F(EnsembleThresholdTest, IsSavedWhateverLiesBesideIt) {
  fs::create_directories(Path() + ".part");
  EXPECT_THAT(SaveEnsembleThreshold(folder_.string(), SomeThreshold()), IsOk());
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), TwoModels()), IsOk());
}

TEST_F(EnsembleThresholdTest, RefusesAFileThatSaysWhatCannotBe) {
  EnsembleThreshold wrong = SomeThreshold();
  wrong.set_interval_low(0.8);
  EXPECT_THAT(SaveEnsembleThreshold(folder_.string(), wrong),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("interval_low")));
  fs::create_directories(fs::path(Path()).parent_path());
  std::ofstream(Path()) << "models_digest: \"" << ScoresDigest(TwoModels()) << "\"";
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), TwoModels()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("members")));
  std::ofstream(Path()) << "threshold = 4";
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), TwoModels()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Path())));
  ASSERT_THAT(SaveEnsembleThreshold(folder_.string(), SomeThreshold()), IsOk());
  std::string text;
  std::getline(std::ifstream(Path()), text, '\0');
  text.replace(text.find(ScoresDigest(TwoModels())), 4, "0000");
  std::ofstream(Path()) << text;
  EXPECT_THAT(LoadEnsembleThreshold(folder_.string(), TwoModels()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("other models")));
}

}  // namespace
}  // namespace camnode
