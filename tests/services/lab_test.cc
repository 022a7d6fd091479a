// camnode-lab's commands, called as main() calls them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/models/model_repository.h"
#include "services/lab_arguments.h"
#include "services/lab_commands.h"
#include "services/lab_intensity.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kFilm[] = "tests/testdata/parity/person347_bacteria_1595.png";

TEST(LabArgumentsTest, TakesOptionsInBothSpellingsAndLeavesFilesInOrder) {
  const auto arguments = LabArguments::Parse(
      {"a.dcm", "--model", "x", "--model=y", "b.png", "--", "--c.dcm"}, {"model"});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_THAT(arguments->All("model"), ElementsAre("x", "y"));
  EXPECT_THAT(arguments->files(), ElementsAre("a.dcm", "b.png", "--c.dcm"));
}

TEST(LabArgumentsTest, NamesTheOptionThatIsWrong) {
  using absl::StatusCode;
  EXPECT_THAT(LabArguments::Parse({"--modle", "x"}, {"model"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--modle")));
  EXPECT_THAT(LabArguments::Parse({"--model"}, {"model"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("needs a value")));
  const auto twice = LabArguments::Parse({"--model", "x", "--model", "y"}, {"model", "output"});
  ASSERT_THAT(twice, IsOk());
  EXPECT_THAT(twice->One("model", ""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(twice->Required("output"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(twice->Number("model", 0), StatusIs(StatusCode::kInvalidArgument));
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

  std::vector<nlohmann::json> Lines(const std::string& path) const {
    std::vector<nlohmann::json> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }

  fs::path folder_;
};

TEST_F(LabTest, ExplainWritesALineAFilmWithEachModelInTheOrderGiven) {
  ASSERT_THAT(RunExplain({"--model", "deploy/models/resnet18/1", "--model",
                          "deploy/models/efficientnet_b0/1", "--output", Path("out.jsonl"),
                          "--threads", "1", kFilm}),
              IsOk());
  const auto lines = Lines(Path("out.jsonl"));
  ASSERT_EQ(lines.size(), 1);
  EXPECT_EQ(lines[0]["file"], kFilm);
  ASSERT_EQ(lines[0]["models"].size(), 2);
  const nlohmann::json& first = lines[0]["models"][0];
  EXPECT_EQ(first["name"], "resnet18");
  EXPECT_EQ(lines[0]["models"][1]["name"], "efficientnet_b0");
  EXPECT_NEAR(first["logit"].get<double>(), 1.6799, 0.005);
  EXPECT_EQ(first["positive"], true);
  EXPECT_EQ(first["heatmap"].size(), 7);
  EXPECT_EQ(first["heatmap"][0].size(), 7);
  EXPECT_GT(first["heatmap_peak"].get<double>(), 0.0);
  EXPECT_EQ(lines[0]["agreement"]["models"], 2);
}

TEST_F(LabTest, ExplainReportsFilmsThatFailAndGoesOn) {
  std::ofstream(Path("text.dcm")) << "not a film";
  EXPECT_THAT(RunExplain({"--model", "deploy/models/resnet18/1", "--output", Path("out.jsonl"),
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
  EXPECT_THAT(RunExplain({"--output", Path("out"), kFilm}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--model")));
  EXPECT_THAT(RunExplain({"--model", "deploy/models/resnet18/1", kFilm}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--output")));
  EXPECT_THAT(RunExplain({"--model", "deploy/models/resnet18/1", "--output", Path("out")}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("film")));
  EXPECT_THAT(RunExplain({"--model", Path("none"), "--output", Path("out"), kFilm}),
              StatusIs(StatusCode::kNotFound, HasSubstr("none")));
  EXPECT_THAT(RunExplain({"--model", "deploy/models/resnet18/1", "--output",
                          Path("no/such/folder/out"), kFilm}),
              StatusIs(StatusCode::kUnavailable, HasSubstr("no/such/folder/out")));
}

TEST_F(LabTest, ImportSaysWhatIsWrongWithItsOptionsAndItsFile) {
  using absl::StatusCode;
  std::ofstream(Path("text.pth")) << "not a checkpoint";
  EXPECT_THAT(RunImportCheckpoint({"--output", Path("out"), Path("text.pth")}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--architecture")));
  EXPECT_THAT(RunImportCheckpoint({"--architecture", "resnet18", "--output", Path("out")}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("checkpoint file")));
  EXPECT_THAT(RunImportCheckpoint(
                  {"--architecture", "resnet18", "--output", Path("out"), Path("text.pth")}),
              StatusIs(StatusCode::kDataLoss, HasSubstr("text.pth")));
  EXPECT_FALSE(fs::exists(Path("out")));
}

TEST_F(LabTest, AnImportedCheckpointExplainsFilms) {
  CAMNODE_NEEDS_TEST_DATA("reference_models/resnet18.pth");
  ASSERT_THAT(
      RunImportCheckpoint({"--architecture", "resnet18", "--output", Path("model"), "--precision",
                           "float16", "--threshold", "0.25", "--name", "mine", "--version", "7",
                           TestDataPath("reference_models/resnet18.pth")}),
      IsOk());
  const auto model = LoadModelFolder(Path("model"), WeightsCheck::kVerifyDigest);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->manifest.name(), "mine");
  EXPECT_EQ(model->manifest.version(), "7");
  // The same bytes as the model that camnode carries.
  const auto carried = LoadModelFolder("deploy/models/resnet18/1", WeightsCheck::kSkipDigest);
  EXPECT_EQ(model->manifest.weights_sha256(), carried->manifest.weights_sha256());
  EXPECT_THAT(RunExplain({"--model", Path("model"), "--output", Path("out.jsonl"), kFilm}), IsOk());
}

}  // namespace
}  // namespace camnode
