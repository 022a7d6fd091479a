// camnode-lab's commands, called as main() calls them.
// Also: agreement_null, commands, explain, explain_options, film, fit_outliers, import,
// intensity, models, sensitivity.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/files.h"
#include "core/models/model_repository.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/intensity.h"
#include "tests/services/command_line/help_checks.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What tests/testdata/make_parity.py found.
double TorchvisionLogitOfFilm(const std::string& model) {
  std::ifstream file("tests/testdata/parity/expected.json");
  for (const nlohmann::json& film : nlohmann::json::parse(file)) {
    if (film["file"] == "person347_bacteria_1595.png") return film["models"][model]["logit"];
  }
  ADD_FAILURE() << "expected.json lacks the film";
  return 0.0;
}

constexpr char kFilm[] = "tests/testdata/parity/person347_bacteria_1595.png";

TEST(LabProgramTest, HelpNamesEveryOptionOfEveryCommand) {
  ExpectHelpNamesEveryOption(LabProgram());
}

TEST(LabIntensityTest, GivesAFixedWindowTheOldToolsValuesUnlessItHasItsOwn) {
  model::v1::Preprocessing preprocessing;
  ASSERT_THAT(SetIntensity("fixed_window", preprocessing), IsOk());
  EXPECT_EQ(preprocessing.window_center(), 40.0);
  EXPECT_EQ(preprocessing.window_width(), 800.0);
  preprocessing.set_window_width(1500.0);
  ASSERT_THAT(SetIntensity("fixed_window", preprocessing), IsOk());
  EXPECT_EQ(preprocessing.window_width(), 1500.0);
  EXPECT_THAT(SetIntensity("bright", preprocessing), StatusIs(absl::StatusCode::kInvalidArgument));
}

class LabTest : public ::testing::Test {
 protected:
  LabTest() : folder_(fs::path(::testing::TempDir()) / "lab_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~LabTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  static std::string Read(const std::string& path) {
    return ReadFile(path, int64_t{1} << 30).value_or("(absent)");
  }

  // Of the folder "model", by three films.
  absl::Status FitOutliers() const {
    return RunLabCommand(kFitOutliers, {"--model", Path("model"), "--components", "1", "--threads",
                                        "1", "tests/testdata/parity/NORMAL2-IM-1376-0001.png",
                                        "tests/testdata/parity/person1589_virus_2763.png", kFilm});
  }

  std::vector<nlohmann::json> Lines(const std::string& path) const {
    std::vector<nlohmann::json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  fs::path folder_;
};

TEST_F(LabTest, FindsFilmsByNameAndBelowFoldersEachOnceInOrder) {
  using absl::StatusCode;
  fs::create_directories(folder_ / "films/deep");
  fs::create_directories(folder_ / "empty");
  for (const char* const name : {"films/b.png", "films/deep/a.dcm", "c.jpg"}) {
    std::ofstream(folder_ / name) << "film";
  }
  EXPECT_THAT(
      FindFilms({Path("films/deep"), Path("films"), Path("c.jpg")}),
      IsOkAndHolds(ElementsAre(Path("c.jpg"), Path("films/b.png"), Path("films/deep/a.dcm"))));
  EXPECT_THAT(FindFilms({}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(FindFilms({Path("films"), Path("absent.png")}),
              StatusIs(StatusCode::kNotFound, HasSubstr("absent.png")));
  EXPECT_THAT(FindFilms({Path("empty")}), StatusIs(StatusCode::kNotFound, HasSubstr("empty")));
}

TEST_F(LabTest, ExplainWritesALineAFilmWithEachModelInTheOrderGiven) {
  ASSERT_THAT(RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", "--model",
                                       "deploy/models/efficientnet_b0/1", "--output",
                                       Path("out.jsonl"), "--threads", "1", kFilm}),
              IsOk());
  const auto lines = Lines(Path("out.jsonl"));
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0]["file"], kFilm);
  ASSERT_EQ(lines[0]["models"].size(), 2);
  const nlohmann::json& first = lines[0]["models"][0];
  EXPECT_EQ(first["name"], "resnet18");
  EXPECT_EQ(lines[0]["models"][1]["name"], "efficientnet_b0");
  EXPECT_NEAR(first["logit"].get<double>(), TorchvisionLogitOfFilm("resnet18"), 0.001);
  EXPECT_EQ(first["positive"], true);
  EXPECT_EQ(first["heatmap"].size(), 7);
  EXPECT_EQ(first["heatmap"][0].size(), 7);
  EXPECT_GT(first["heatmap_peak"].get<double>(), 0.0);
  EXPECT_EQ(lines[0]["agreement"]["models"], 2);
}

TEST_F(LabTest, ExplainTakesOtherMethodsLayersViewsAndSigns) {
  ASSERT_THAT(
      RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", "--model",
                               "deploy/models/efficientnet_b0/1", "--output", Path("out.jsonl"),
                               "--method", "hirescam", "--layer", "layer3", "--layer", "features.5",
                               "--tta", "flip", "--signed", "--threads", "1", kFilm}),
      IsOk());
  const auto lines = Lines(Path("out.jsonl"));
  ASSERT_EQ(lines.size(), 1);
  const nlohmann::json& first = lines[0]["models"][0];
  EXPECT_EQ(first["method"], "hirescam");
  EXPECT_EQ(first["layers"], nlohmann::json({"layer3"}));
  EXPECT_EQ(lines[0]["models"][1]["layers"], nlohmann::json({"features.5"}));
  EXPECT_EQ(first["explained_label"], "pneumonia");
  EXPECT_EQ(first["heatmap_unit"], "logit");
  EXPECT_EQ(first["views"], 2);
  EXPECT_EQ(first["heatmap"].size(), 14);
  EXPECT_EQ(first["heatmap_signed"].size(), 14);
  EXPECT_EQ(lines[0]["agreement"]["models"], 2);
  // Chance is known for the node's own maps only.
  EXPECT_FALSE(lines[0]["agreement"].contains("overlap_percentile"));
}

TEST_F(LabTest, ExplainSaysWhatItsOptionsMayBe) {
  const auto explain = [this](std::vector<std::string> words) {
    words.insert(words.end(), {"--model", "deploy/models/resnet18/1", "--model",
                               "deploy/models/resnet18/1", "--output", Path("out"), kFilm});
    return RunLabCommand(kExplain, words);
  };
  using absl::StatusCode;
  EXPECT_THAT(explain({"--method", "magic"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("gradcam, gradcam++")));
  EXPECT_THAT(explain({"--layer", "layer9"}),
              StatusIs(StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("resnet18"), HasSubstr("known: conv1, relu"))));
  EXPECT_THAT(explain({"--layer", "layer1", "--layer", "layer2", "--layer", "layer3"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("once for each")));
  EXPECT_THAT(explain({"--tta", "rotate"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("flip,scale")));
  EXPECT_THAT(explain({"--target", "normal"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("predicted")));
  EXPECT_THAT(explain({"--signed=yes"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--signed wants no value")));
  EXPECT_THAT(explain({"--signed", "--layer", "layer3,layer4"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("single --layer")));
}

TEST_F(LabTest, ExplainGivesPercentilesOfTheCarriedModels) {
  ASSERT_THAT(RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", "--model",
                                       "deploy/models/efficientnet_b0/1", "--model",
                                       "deploy/models/densenet121/1", "--output", Path("out.jsonl"),
                                       "--threads", "1", kFilm}),
              IsOk());
  const nlohmann::json agreement = Lines(Path("out.jsonl"))[0]["agreement"];
  for (const char* name : {"overlap_percentile", "distance_percentile", "correlation_percentile"}) {
    ASSERT_TRUE(agreement.contains(name)) << name;
    EXPECT_GE(agreement[name].get<double>(), 0.0);
    EXPECT_LE(agreement[name].get<double>(), 100.0);
  }
  EXPECT_THAT(agreement["sentence"].get<std::string>(), HasSubstr("of maps of different films"));
}

TEST_F(LabTest, AgreementNullMeasuresChanceForTheModelsItIsGiven) {
  CAMNODE_NEEDS_TEST_DATA("kermany224");
  std::vector<std::string> words = {"--model",   "deploy/models/resnet18/1",
                                    "--model",   "deploy/models/efficientnet_b0/1",
                                    "--output",  folder_.string(),
                                    "--draws",   "200",
                                    "--threads", "1"};
  std::vector<std::string> films;
  for (const auto& entry : fs::directory_iterator(TestDataPath("kermany224/train/PNEUMONIA"))) {
    films.push_back(entry.path().string());
  }
  std::sort(films.begin(), films.end());
  words.insert(words.end(), films.begin(), films.begin() + 30);
  ASSERT_THAT(RunLabCommand(kAgreementNull, words), IsOk());
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "agreement"), {}), 1);
  EXPECT_THAT(RunLabCommand(kAgreementNull, {"--model", "deploy/models/resnet18/1", "--output",
                                             folder_.string(), kFilm}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("two models or more")));
}

TEST_F(LabTest, ExplainReportsFilmsThatFailAndGoesOn) {
  std::ofstream(Path("text.dcm")) << "not a film";
  EXPECT_THAT(
      RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", "--output", Path("out.jsonl"),
                               Path("text.dcm"), Path("missing.png"), kFilm}),
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("2 of 3 films failed")));
  const auto lines = Lines(Path("out.jsonl"));
  ASSERT_EQ(lines.size(), 3);
  EXPECT_TRUE(lines[0].contains("error"));
  EXPECT_THAT(lines[1]["error"].get<std::string>(), HasSubstr("no such file"));
  EXPECT_EQ(lines[2]["models"].size(), 1);
}

TEST_F(LabTest, ExplainSaysWhatIsMissingOrCannotBeWritten) {
  using absl::StatusCode;
  EXPECT_THAT(RunLabCommand(kExplain, {"--output", Path("out"), kFilm}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--model")));
  EXPECT_THAT(RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", kFilm}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--output")));
  EXPECT_THAT(
      RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", "--output", Path("out")}),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("film")));
  EXPECT_THAT(RunLabCommand(kExplain, {"--model", Path("none"), "--output", Path("out"), kFilm}),
              StatusIs(StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(RunLabCommand(kExplain, {"--model", "deploy/models/resnet18/1", "--output",
                                       Path("no/such/folder/out"), kFilm}),
              StatusIs(StatusCode::kUnavailable, HasSubstr("no/such/folder/out")));
}

TEST_F(LabTest, ImportSaysWhatIsWrongWithItsOptionsAndItsFile) {
  using absl::StatusCode;
  std::ofstream(Path("text.pth")) << "not a checkpoint";
  EXPECT_THAT(RunLabCommand(kImportCheckpoint, {"--output", Path("out"), Path("text.pth")}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--architecture")));
  EXPECT_THAT(
      RunLabCommand(kImportCheckpoint, {"--architecture", "resnet18", "--output", Path("out")}),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("checkpoint file")));
  EXPECT_THAT(RunLabCommand(kImportCheckpoint, {"--architecture", "resnet18", "--output",
                                                Path("out"), Path("text.pth")}),
              StatusIs(StatusCode::kDataLoss, HasSubstr("text.pth")));
  EXPECT_FALSE(fs::exists(Path("out")));
}

TEST_F(LabTest, FitOutliersGivesAModelAFileThatExplainUses) {
  fs::copy("deploy/models/resnet18/1", Path("model"));
  const std::string before =
      LoadModelFolder(Path("model"), WeightsCheck::kSkipDigest)->manifest.outlier_sha256();
  ASSERT_THAT(FitOutliers(), IsOk());
  const auto model = LoadModelFolder(Path("model"), WeightsCheck::kVerifyDigest);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->manifest.outlier_file(), "outliers.safetensors");
  EXPECT_NE(model->manifest.outlier_sha256(), before);
  ASSERT_THAT(RunLabCommand(kExplain, {"--model", Path("model"), "--output", Path("out.jsonl"),
                                       "--threads", "1", kFilm}),
              IsOk());
  const nlohmann::json result = Lines(Path("out.jsonl"))[0]["models"][0];
  EXPECT_GT(result["outlier_threshold"], 0.0);
  EXPECT_LT(result["outlier_distance"], result["outlier_threshold"]) << "one of the fitted films";
}

// A node may be serving the model, and the fit may be killed: what is there is replaced as a
// whole, never written over.
TEST_F(LabTest, FitOutliersReplacesTheFilesOfAModelAsAWhole) {
  fs::copy("deploy/models/resnet18/1", Path("model"));
  for (const char* file : {"manifest.textproto", "outliers.safetensors"}) {
    fs::create_hard_link(folder_ / "model" / file, folder_ / file);
  }
  const std::string manifest = Read(Path("manifest.textproto"));
  const std::string outliers = Read(Path("outliers.safetensors"));
  const fs::perms rights = fs::status(folder_ / "manifest.textproto").permissions();

  ASSERT_THAT(FitOutliers(), IsOk());

  EXPECT_EQ(Read(Path("manifest.textproto")), manifest) << "whoever had it open reads it still";
  EXPECT_EQ(Read(Path("outliers.safetensors")), outliers);
  EXPECT_EQ(fs::status(folder_ / "model/manifest.textproto").permissions(), rights);
  EXPECT_FALSE(fs::exists(folder_ / "model/outliers.next.safetensors"));
}

TEST_F(LabTest, FitOutliersReplacesWhatALinkPointsToAndKeepsTheLink) {
  fs::copy("deploy/models/resnet18/1", Path("model"));
  fs::rename(folder_ / "model/manifest.textproto", folder_ / "shared.textproto");
  fs::create_symlink(folder_ / "shared.textproto", folder_ / "model/manifest.textproto");
  const std::string before = Read(Path("shared.textproto"));

  ASSERT_THAT(FitOutliers(), IsOk());

  EXPECT_TRUE(fs::is_symlink(folder_ / "model/manifest.textproto"));
  EXPECT_NE(Read(Path("shared.textproto")), before);
}

// A killed fit may have left the manifest with the new file's first name.
TEST_F(LabTest, FitOutliersPutsInOrderWhatAKilledFitLeft) {
  fs::copy("deploy/models/resnet18/1", Path("model"));
  fs::rename(folder_ / "model/outliers.safetensors", folder_ / "model/outliers.next.safetensors");
  std::string manifest = Read(Path("model/manifest.textproto"));
  manifest.replace(manifest.find("outliers.safetensors"), 8, "outliers.next");
  std::ofstream(Path("model/manifest.textproto"), std::ios::trunc) << manifest;
  ASSERT_THAT(LoadModelFolder(Path("model"), WeightsCheck::kVerifyDigest), IsOk());

  ASSERT_THAT(FitOutliers(), IsOk());

  const auto model = LoadModelFolder(Path("model"), WeightsCheck::kVerifyDigest);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->manifest.outlier_file(), "outliers.safetensors");
  EXPECT_FALSE(fs::exists(folder_ / "model/outliers.next.safetensors"));
}

TEST_F(LabTest, CommandsOnFilmsSayWhatIsMissing) {
  using absl::StatusCode;
  const std::string model = "deploy/models/resnet18/1";
  EXPECT_THAT(RunLabCommand(kFitOutliers, {"--model", model}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(RunLabCommand(kFitOutliers, {kFilm}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(RunLabCommand(kFitOutliers, {"--model", model, "--patient", "^(child[0-9]+)", kFilm}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("person347")));
  EXPECT_THAT(RunLabCommand(kFitOutliers, {"--model", model, "--patient", "person", kFilm}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("parentheses")));
  EXPECT_THAT(RunLabCommand(kFitOutliers, {"--model", model, Path("absent")}),
              StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(RunLabCommand(kSensitivity, {"--model", model}),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(RunLabCommand(kSensitivity, {kFilm}), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(RunLabCommand(kSensitivity, {"--model", model, Path("absent.png")}),
              StatusIs(StatusCode::kNotFound, HasSubstr("absent.png")));
}

TEST_F(LabTest, AnImportedCheckpointExplainsFilms) {
  CAMNODE_NEEDS_TEST_DATA("reference_models/resnet18.pth");
  ASSERT_THAT(RunLabCommand(kImportCheckpoint,
                            {"--architecture", "resnet18", "--output", Path("model"), "--precision",
                             "float16", "--threshold", "0.25", "--name", "mine", "--version", "7",
                             TestDataPath("reference_models/resnet18.pth")}),
              IsOk());
  const auto model = LoadModelFolder(Path("model"), WeightsCheck::kVerifyDigest);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->manifest.name(), "mine");
  EXPECT_EQ(model->manifest.version(), "7");
  EXPECT_EQ(model->manifest.weights_precision(), "float16");
  EXPECT_THAT(
      RunLabCommand(kExplain, {"--model", Path("model"), "--output", Path("out.jsonl"), kFilm}),
      IsOk());
}

}  // namespace
}  // namespace camnode
