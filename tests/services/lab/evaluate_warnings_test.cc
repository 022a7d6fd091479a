// What camnode-lab evaluate warns of when its films or its options do not fit the models.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/models/model_manifest.h"
#include "core/training/films/dataset.h"
#include "core/training/films/labelled_film.h"
#include "core/training/films/patient_patterns.h"
#include "core/training/train/curves.h"
#include "services/lab/commands.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Json = nlohmann::json;

constexpr char kModel[] = "deploy/models/resnet18/1";

std::string Read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

// The 16 films of the val split in a CSV file: of each class the first four as "train", the
// others as "test".
class LabEvaluateWarningsTest : public ::testing::Test {
 protected:
  LabEvaluateWarningsTest() : folder_(fs::path(::testing::TempDir()) / "evaluate_warnings_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~LabEvaluateWarningsTest() override { fs::remove_all(folder_); }

  void WriteCsv(const std::string& normal = "NORMAL", const std::string& sick = "PNEUMONIA",
                bool one_patient = false) const {
    std::ofstream csv(folder_ / "films.csv");
    csv << "path,class,split,patient\n";
    for (const std::string name : {"NORMAL", "PNEUMONIA"}) {
      std::vector<std::string> paths;
      for (const auto& entry : fs::directory_iterator(TestDataPath("kermany224/val/" + name))) {
        paths.push_back(fs::absolute(entry.path()).string());
      }
      std::sort(paths.begin(), paths.end());
      for (size_t i = 0; i < paths.size(); ++i) {
        csv << paths[i] << "," << (name == "NORMAL" ? normal : sick) << ","
            << (i < 4 ? "train" : "test") << "," << (one_patient ? "p" : name + std::to_string(i))
            << "\n";
      }
    }
  }

  // resnet18, as if trained with the "train" films of the CSV file.
  std::string ModelTrainedHere() const {
    DatasetOptions options;
    options.path = (folder_ / "films.csv").string();
    options.splits = {"train"};
    options.patient_patterns = UsualPatientPatterns();
    const auto dataset = ReadDataset(options);
    EXPECT_THAT(dataset, IsOk());
    auto manifest = ParseManifest(Read(fs::path(kModel) / "manifest.textproto"));
    EXPECT_THAT(manifest, IsOk());
    manifest->set_training_data_digest(dataset->digest);
    const fs::path folder = folder_ / "resnet18" / "1";
    fs::create_directories(folder.parent_path());
    fs::copy(kModel, folder);
    std::ofstream(folder / "manifest.textproto") << FormatManifest(*manifest, "Made for a test.");
    return folder.string();
  }

  absl::Status Evaluate(const std::string& model, std::vector<std::string> more = {}) const {
    std::vector<std::string> words = {"--model",     model,
                                      "--data",      (folder_ / "films.csv").string(),
                                      "--report",    (folder_ / "report").string(),
                                      "--threads",   "1",
                                      "--bootstrap", "100"};
    words.insert(words.end(), more.begin(), more.end());
    return RunLabCommand(kEvaluate, words);
  }

  Json Report() const { return Json::parse(Read(folder_ / "report" / "report.json")); }

  fs::path folder_;
};

TEST_F(LabEvaluateWarningsTest, FindsTheTrainingFilmsBesideTheOthersByTheirDigest) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  WriteCsv();
  const std::string model = ModelTrainedHere();
  ASSERT_THAT(Evaluate(model, {"--split", "test"}), IsOk());
  EXPECT_THAT(Report()["alarms"], IsEmpty());
  ASSERT_THAT(Evaluate(model, {"--split", "train"}), IsOk());
  ASSERT_EQ(Report()["alarms"].size(), 1);
  EXPECT_THAT(Report()["alarms"][0].get<std::string>(), HasSubstr("8 of the 8 films"));
  ASSERT_THAT(Evaluate(model), IsOk());
  ASSERT_EQ(Report()["alarms"].size(), 1);
  EXPECT_THAT(Report()["alarms"][0].get<std::string>(), HasSubstr("8 of the 16 films"));
}

TEST_F(LabEvaluateWarningsTest, SaysThatIntervalsOverOnePatientMeanNothing) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  WriteCsv("NORMAL", "PNEUMONIA", /*one_patient=*/true);
  ASSERT_THAT(Evaluate(kModel), IsOk());
  ASSERT_EQ(Report()["alarms"].size(), 1);
  EXPECT_THAT(Report()["alarms"][0].get<std::string>(), HasSubstr("16 films count as films of 1 "));
}

TEST_F(LabEvaluateWarningsTest, TakesTheClassThatARunTrainedAsTheReportedLabel) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  WriteCsv("clear", "opacity");
  EXPECT_THAT(Evaluate(kModel),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--class NAME")));
  fs::create_directories(folder_ / "run");
  std::string recipe = Read("deploy/models/resnet18/recipe.textproto");
  for (const auto& [from, to] :
       {std::pair("\"NORMAL\"", "\"clear\""), std::pair("\"PNEUMONIA\"", "\"opacity\"")}) {
    ASSERT_NE(recipe.find(from), std::string::npos);
    recipe.replace(recipe.find(from), std::string(from).size(), to);
  }
  std::ofstream(folder_ / "run" / "recipe.textproto") << recipe;
  std::ofstream(folder_ / "run" / "curves.csv") << FormatCurves({});
  ASSERT_THAT(Evaluate(kModel, {"--run", (folder_ / "run").string()}), IsOk());
  EXPECT_EQ(Report()["data"]["positive_class"], "opacity");
  EXPECT_EQ(Report()["data"]["positives"], 8);
}

TEST_F(LabEvaluateWarningsTest, SaysWhereAThresholdComesFromAndWhatWasNotLookedFor) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  WriteCsv();
  ASSERT_THAT(Evaluate(kModel), IsOk());
  const Json model = Report()["models"][0];
  EXPECT_LT(model["threshold_interval"][0], model["threshold"]);
  EXPECT_GT(model["threshold_interval"][1], model["threshold"]);
  EXPECT_THAT(model["threshold_origin"].get<std::string>(), HasSubstr("1043 films, 268 of them"));
  EXPECT_THAT(Read(folder_ / "report" / "report.html"),
              HasSubstr("whether the shortcut alone would do as well was not measured"));
}

TEST_F(LabEvaluateWarningsTest, KeepsTheReportToItsOwnerAndRefusesToExplainThreeFilms) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  WriteCsv();
  EXPECT_THAT(Evaluate(kModel, {"--explain-films", "3"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not 0 or 4 to 1000")));
  ASSERT_THAT(Evaluate(kModel), IsOk());
  for (const char* name : {"report.html", "report.json"}) {
    EXPECT_EQ(fs::status(folder_ / "report" / name).permissions(),
              fs::perms::owner_read | fs::perms::owner_write)
        << name;
  }
}

// Rights that are taken away later do not close a file that somebody has open.
TEST_F(LabEvaluateWarningsTest, WritesAReportBesideTheOldOneThatOthersMayHaveOpen) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  WriteCsv();
  fs::create_directories(folder_ / "report");
  std::ofstream(folder_ / "report" / "report.json") << "old";
  std::ifstream open_to_all(folder_ / "report" / "report.json");

  ASSERT_THAT(Evaluate(kModel), IsOk());

  std::string seen;
  std::getline(open_to_all, seen, '\0');
  EXPECT_EQ(seen, "old");
}

}  // namespace
}  // namespace camnode
