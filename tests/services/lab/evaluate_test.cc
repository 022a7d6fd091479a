// camnode-lab evaluate, called as main() calls it, on 16 public films.
// Also: model_card, core/training/evaluation/evaluation,
// core/training/evaluation/out_of_fold_evaluation, core/training/evaluation/shortcut_section,
// core/training/evaluation/words, core/training/figures/film_scores.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ios>
#include <iterator>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/models/ensemble_threshold.h"
#include "core/models/model_repository.h"
#include "core/training/train/curves.h"
#include "services/lab/commands.h"
#include "tests/core/training/report/well_formed.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class LabEvaluateTest : public ::testing::Test {
 protected:
  LabEvaluateTest() : folder_(fs::path(::testing::TempDir()) / "lab_evaluate_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~LabEvaluateTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string((std::istreambuf_iterator<char>(file)), {});
  }

  static std::vector<std::string> Words(const std::string& report,
                                        std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"--model",     "deploy/models/resnet18/1",
                                      "--data",      TestDataPath("kermany224"),
                                      "--split",     "val",
                                      "--report",    report,
                                      "--threads",   "1",
                                      "--bootstrap", "200"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  static void KeepFilms(const std::string& folder, size_t count) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    for (size_t i = count; i < paths.size(); ++i) fs::remove(paths[i]);
  }

  // A copy of the 16 films that tests may spoil.
  std::string CopyFilms() const {
    fs::create_directories(folder_ / "films");
    fs::copy(TestDataPath("kermany224/val"), folder_ / "films" / "val",
             fs::copy_options::recursive);
    return Path("films");
  }

  fs::path folder_;
};

// Over all pairs of a positive and a negative film, a tie counting half.
double AucByHand(const Json& films, size_t model) {
  double pairs = 0.0;
  double right = 0.0;
  for (const Json& a : films) {
    for (const Json& b : films) {
      if (!a["positive"].get<bool>() || b["positive"].get<bool>()) continue;
      const double x = a["models"][model]["log_odds"];
      const double y = b["models"][model]["log_odds"];
      pairs += 1.0;
      right += x > y ? 1.0 : x == y ? 0.5 : 0.0;
    }
  }
  return right / pairs;
}

// True and called positive, true and called negative, and the rest.
struct Counts {
  double tp = 0, fn = 0, fp = 0, tn = 0;
};

double ManifestThreshold(const std::string& name) {
  const auto model = LoadModelFolder("deploy/models/" + name + "/1", WeightsCheck::kSkipDigest);
  EXPECT_THAT(model, IsOk());
  return model.ok() ? model->manifest.threshold() : 0.0;
}

Counts CountByHand(const Json& films, double threshold,
                   const std::function<double(const Json&)>& probability) {
  Counts counts;
  for (const Json& film : films) {
    const bool called = std::round(probability(film) * 1e4) / 1e4 >= threshold;
    if (film["positive"].get<bool>()) {
      (called ? counts.tp : counts.fn) += 1;
    } else {
      (called ? counts.fp : counts.tn) += 1;
    }
  }
  return counts;
}

void ExpectCounts(const Json& scores, const Counts& counts) {
  EXPECT_EQ(scores["confusion"]["true_positives"], counts.tp);
  EXPECT_EQ(scores["confusion"]["false_negatives"], counts.fn);
  EXPECT_EQ(scores["confusion"]["false_positives"], counts.fp);
  EXPECT_EQ(scores["confusion"]["true_negatives"], counts.tn);
  EXPECT_DOUBLE_EQ(scores["sensitivity"], counts.tp / (counts.tp + counts.fn));
  EXPECT_DOUBLE_EQ(scores["specificity"], counts.tn / (counts.tn + counts.fp));
  EXPECT_DOUBLE_EQ(scores["accuracy"], (counts.tp + counts.tn) / 16);
}

TEST_F(LabEvaluateTest, ReportsWhatItsOwnFilmsGiveByHand) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  ASSERT_THAT(RunLabCommand(kEvaluate,
                            Words(Path("report"), {"--model", "deploy/models/efficientnet_b0/1"})),
              IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  EXPECT_EQ(report["schema"], "camnode-evaluation-1");
  EXPECT_EQ(report["data"]["films"], 16);
  EXPECT_EQ(report["data"]["positives"], 8);
  EXPECT_EQ(report["data"]["patients"], 15);  // person1946 has two films.
  EXPECT_EQ(report["data"]["positive_class"], "PNEUMONIA");
  EXPECT_EQ(report["program"]["threads"], 1);
  const Json& films = report["films"];
  ASSERT_EQ(films.size(), 16);
  ASSERT_EQ(report["models"].size(), 2);
  for (size_t i = 0; i < 2; ++i) {
    const Json& model = report["models"][i];
    EXPECT_EQ(model["name"], i == 0 ? "resnet18" : "efficientnet_b0");
    EXPECT_DOUBLE_EQ(model["auc"], AucByHand(films, i));
    EXPECT_LE(model["interval"][0], model["auc"]);
    EXPECT_GE(model["interval"][1], model["auc"]);
    ExpectCounts(model, CountByHand(films, model["threshold"], [i](const Json& film) {
                   return film["models"][i]["probability"].get<double>();
                 }));
  }
  const Json& mean = report["mean"];
  // Nothing else is there for these two.
  EXPECT_DOUBLE_EQ(mean["threshold"],
                   (ManifestThreshold("resnet18") + ManifestThreshold("efficientnet_b0")) / 2);
  ExpectCounts(mean, CountByHand(films, mean["threshold"], [](const Json& film) {
                 return (film["models"][0]["probability"].get<double>() +
                         film["models"][1]["probability"].get<double>()) /
                        2;
               }));
  EXPECT_EQ(report["comparisons"].size(), 3);
  EXPECT_THAT(report["shortcut"]["absent"].get<std::string>(), HasSubstr("8 films"));
}

TEST_F(LabEvaluateTest, ScoresFilmsAsOtherDevicesMightHaveMadeThem) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  const std::string films = CopyFilms();
  for (const char* folder : {"/val/NORMAL", "/val/PNEUMONIA"}) KeepFilms(films + folder, 3);
  std::vector<std::string> words = Words(Path("report"), {"--corruptions"});
  words[3] = films;
  ASSERT_THAT(RunLabCommand(kEvaluate, words), IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  const Json& corruptions = report["models"][0]["corruptions"];
  ASSERT_EQ(corruptions.size(), 12);
  EXPECT_EQ(corruptions[0]["name"], "blur 1");
  for (const Json& figures : corruptions) EXPECT_GE(figures["auc"], 0.5) << figures;
  EXPECT_THAT(Read(Path("report/report.html")), HasSubstr("third resolution"));
}

TEST_F(LabEvaluateTest, WritesAPageThatNeedsNothingFromElsewhere) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  ASSERT_THAT(RunLabCommand(kEvaluate, Words(Path("report"))), IsOk());
  const std::string html = Read(Path("report/report.html"));
  EXPECT_TRUE(IsWellFormedXml(html));
  EXPECT_THAT(html, HasSubstr("Research only, not for diagnosis"));
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,"));
  for (const char* forbidden : {"<script", "http:/", "https:/", " nan", ">nan", "-nan", ">inf"}) {
    // The one address that SVG is known by is no place to fetch from.
    std::string rest = html;
    const std::string space = "http://www.w3.org/2000/svg";
    for (size_t at = 0; (at = rest.find(space)) != std::string::npos;) rest.erase(at, space.size());
    EXPECT_THAT(rest, Not(HasSubstr(forbidden)));
  }
}

TEST_F(LabEvaluateTest, GivesTheSameBytesAgain) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  ASSERT_THAT(RunLabCommand(kEvaluate, Words(Path("first"))), IsOk());
  ASSERT_THAT(RunLabCommand(kEvaluate, Words(Path("second"))), IsOk());
  EXPECT_EQ(Read(Path("first/report.json")), Read(Path("second/report.json")));
  EXPECT_EQ(Read(Path("first/report.html")), Read(Path("second/report.html")));
  EXPECT_GT(fs::file_size(Path("first/report.html")), 10'000);
}

TEST_F(LabEvaluateTest, FailsWhenAFilmCannotBeReadUnlessToldToSkip) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  const std::string films = CopyFilms();
  std::ofstream(films + "/val/NORMAL/broken.jpeg") << "\xff\xd8\xff no picture";
  std::vector<std::string> words = Words(Path("report"));
  words[3] = films;
  EXPECT_THAT(RunLabCommand(kEvaluate, words),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("1 of 17")));
  EXPECT_FALSE(fs::exists(Path("report/report.json")));
  words.push_back("--skip-unreadable");
  ASSERT_THAT(RunLabCommand(kEvaluate, words), IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  EXPECT_EQ(report["data"]["films"], 16);
  EXPECT_EQ(report["data"]["unreadable"][0]["name"], "val/NORMAL/broken.jpeg");
}

TEST_F(LabEvaluateTest, MeasuresFilmsOfOneClassAsFarAsTheyGo) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  const std::string films = CopyFilms();
  fs::remove_all(films + "/val/NORMAL");
  std::vector<std::string> words = Words(Path("report"));
  words[3] = films;
  ASSERT_THAT(RunLabCommand(kEvaluate, words), IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  EXPECT_TRUE(report["models"][0]["auc"].is_null());
  EXPECT_TRUE(report["models"][0]["specificity"].is_null());
  EXPECT_FALSE(report["models"][0]["sensitivity"].is_null());
  const std::string page = Read(Path("report/report.html"));
  EXPECT_THAT(page, HasSubstr("of one class only"));
  EXPECT_THAT(page, HasSubstr("Curves need films with the finding"));
  EXPECT_THAT(page, Not(HasSubstr("Area under the ROC curve, 95 %"))) << "an empty plot";
}

TEST_F(LabEvaluateTest, MeasuresFilmsOfWhomNoneShowsTheFinding) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  const std::string films = CopyFilms();
  fs::remove_all(films + "/val/PNEUMONIA");
  std::vector<std::string> words = Words(Path("report"));
  words[3] = films;
  EXPECT_THAT(RunLabCommand(kEvaluate, words),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--class")))
      << "only the caller knows what films of class NORMAL show";
  words.insert(words.end(), {"--class", "PNEUMONIA"});
  ASSERT_THAT(RunLabCommand(kEvaluate, words), IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  EXPECT_EQ(report["data"]["positives"], 0);
  EXPECT_TRUE(report["models"][0]["sensitivity"].is_null());
  EXPECT_FALSE(report["models"][0]["specificity"].is_null());
}

// 60 training films of each class and the 16 others, in one CSV file.
class LabEvaluateCsvTest : public LabEvaluateTest {
 protected:
  std::string WriteCsv() {
    std::ofstream csv(Path("films.csv"));
    csv << "path,class,split,side\n";
    for (const std::string name : {"NORMAL", "PNEUMONIA"}) {
      AddFilms(TestDataPath("kermany224/train/" + name), name, "train", 60, csv);
      AddFilms(TestDataPath("kermany224/val/" + name), name, "val", 8, csv);
    }
    return Path("films.csv");
  }

  // As a training run leaves it, of every second film the other fold.
  std::string WriteHeldOut(const std::string& name, double sharpness) const {
    std::ofstream csv(Path(name));
    csv << "name,patient,class,fold,logit,probability\n";
    for (size_t i = 0; i < training_.size(); ++i) {
      const bool sick = i >= 60;
      const double logit = sharpness * (sick ? 1 : -1) + std::sin(2.0 * static_cast<double>(i));
      csv << training_[i] << ",p" << i << "," << (sick ? "PNEUMONIA" : "NORMAL") << "," << i % 2
          << "," << logit << "," << 1 / (1 + std::exp(-logit)) << "\n";
    }
    return Path(name);
  }

  std::vector<std::string> CsvWords(std::vector<std::string> more) {
    std::vector<std::string> words = Words(Path("report"), std::move(more));
    words[3] = WriteCsv();
    return words;
  }

 private:
  void AddFilms(const std::string& folder, const std::string& name, const std::string& split,
                size_t count, std::ostream& csv) {
    std::vector<std::string> paths;
    for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    paths.resize(std::min(count, paths.size()));
    for (size_t i = 0; i < paths.size(); ++i) {
      csv << fs::absolute(paths[i]).string() << "," << name << "," << split << ","
          << (i % 2 == 0 ? "left" : "right") << "\n";
      if (split == "train") training_.push_back(fs::absolute(paths[i]).string());
    }
  }

  std::vector<std::string> training_;
};

TEST_F(LabEvaluateCsvTest, MeasuresTheShortcutOnTrainingFilmsAndSubgroupsByAColumn) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/train");
  ASSERT_THAT(RunLabCommand(kEvaluate,
                            CsvWords({"--shortcut-data", Path("films.csv"), "--subgroup", "side"})),
              IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  EXPECT_THAT(report["shortcut"]["source"].get<std::string>(), HasSubstr("120 training films"));
  EXPECT_EQ(report["shortcut"]["statistics"].size(), 26);
  EXPECT_GT(report["shortcut"]["auc"], 0.7);  // The leak that the films are known for.
  const Json& model = report["models"][0];
  EXPECT_FALSE(model["shortcut_balanced_auc"].is_null());
  EXPECT_FALSE(model["shortcut_correlation"].is_null());
  ASSERT_EQ(model["subgroups"].size(), 2);
  EXPECT_EQ(model["subgroups"][0]["value"], "left");
  EXPECT_EQ(model["subgroups"][0]["films"], 8);
  EXPECT_TRUE(report["alarms"].empty());
}

TEST_F(LabEvaluateCsvTest, SaysThatFilmsWereTrainedWith) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/train");
  ASSERT_THAT(RunLabCommand(kEvaluate, CsvWords({"--shortcut-data", Path("films.csv"),
                                                 "--shortcut-split", "val"})),
              IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  ASSERT_EQ(report["alarms"].size(), 1);
  EXPECT_THAT(report["alarms"][0].get<std::string>(), HasSubstr("16 of the 16 films"));
  EXPECT_THAT(report["shortcut"]["absent"].get<std::string>(), HasSubstr("every training film"));
}

TEST_F(LabEvaluateCsvTest, JudgesRecipesOutOfFoldAloneAndTogether) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/train");
  std::vector<std::string> words = CsvWords({"--shortcut-data", Path("films.csv")});
  words.insert(words.end(), {"--out-of-fold", "resnet18=" + WriteHeldOut("a.csv", 0.5),
                             "--out-of-fold", "other=" + WriteHeldOut("b.csv", 2.0)});
  ASSERT_THAT(RunLabCommand(kEvaluate, words), IsOk());
  const Json folds = Json::parse(Read(Path("report/report.json")))["out_of_fold"];
  ASSERT_EQ(folds.size(), 3);
  EXPECT_EQ(folds[0]["name"], "other");
  EXPECT_EQ(folds[0]["threshold"], 0.5);
  EXPECT_EQ(folds[1]["name"], "resnet18");
  EXPECT_EQ(folds[1]["threshold"], ManifestThreshold("resnet18"));
  EXPECT_EQ(folds[2]["name"], "mean of the recipes");
  for (const Json& recipe : folds) {
    EXPECT_EQ(recipe["films"], 120);
    EXPECT_EQ(recipe["folds"], 2);
    EXPECT_FALSE(recipe["shortcut_balanced_auc"].is_null());
    EXPECT_THAT(recipe["shortcut_balanced_thresholds"][0]["rule"].get<std::string>(),
                HasSubstr("what ships"));
  }
  EXPECT_GT(folds[0]["auc"], folds[1]["auc"]);
}

TEST_F(LabEvaluateTest, TakesTheMeansThresholdFromTheModelsEnsembleFile) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  std::vector<ModelFolder> models;
  std::vector<std::string> words = {"--data",    TestDataPath("kermany224"),
                                    "--split",   "val",
                                    "--report",  Path("report"),
                                    "--threads", "1"};
  for (const std::string name : {"resnet18", "efficientnet_b0"}) {
    const fs::path folder = folder_ / "models" / name / "1";
    fs::create_directories(folder.parent_path());
    fs::create_directory_symlink(fs::absolute("deploy/models/" + name + "/1"), folder);
    words.insert(words.begin(), {"--model", folder.string()});
    auto model = LoadModelFolder(folder.string(), WeightsCheck::kSkipDigest);
    ASSERT_THAT(model, IsOk());
    models.push_back(*std::move(model));
  }
  EnsembleThreshold threshold = EnsembleThresholdOf(models);
  threshold.set_threshold(0.4);
  threshold.set_interval_low(0.3);
  threshold.set_interval_high(0.5);
  threshold.set_interval_level(0.95);
  threshold.set_rule("made up");
  threshold.set_films(10);
  threshold.set_normals(5);
  threshold.set_threshold_set_id("together-1");
  ASSERT_THAT(SaveEnsembleThreshold(Path("models"), threshold), IsOk());
  ASSERT_THAT(RunLabCommand(kEvaluate, words), IsOk());
  const Json mean = Json::parse(Read(Path("report/report.json")))["mean"];
  EXPECT_EQ(mean["threshold"], 0.4);
  EXPECT_EQ(mean["threshold_interval"], Json({0.3, 0.5}));
  EXPECT_EQ(mean["threshold_set_id"], "together-1");
  EXPECT_THAT(mean["threshold_origin"].get<std::string>(), HasSubstr("made up"));
}

TEST_F(LabEvaluateTest, SoundsTheAlarmWhenARunPreparedFilmsOtherwise) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  fs::create_directories(folder_ / "run");
  std::string recipe = Read("deploy/models/resnet18/recipe.textproto");
  const std::string served = "geometry: GEOMETRY_SQUASH";
  ASSERT_NE(recipe.find(served), std::string::npos);
  recipe.replace(recipe.find(served), served.size(), "geometry: GEOMETRY_LETTERBOX");
  std::ofstream(Path("run/recipe.textproto")) << recipe;
  std::vector<CurvePoint> curves(2);
  curves[0].epoch = 1;
  curves[1].epoch = 2;
  for (CurvePoint& point : curves) point.stage = 1;
  for (CurvePoint& point : curves) point.image_size = 160;
  std::ofstream(Path("run/curves.csv")) << FormatCurves(curves);
  ASSERT_THAT(RunLabCommand(kEvaluate, Words(Path("report"), {"--run", Path("run")})), IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  ASSERT_EQ(report["models"][0]["alarms"].size(), 1);
  EXPECT_THAT(report["models"][0]["alarms"][0].get<std::string>(), HasSubstr("geometry"));
  EXPECT_EQ(report["runs"][0]["curves"].size(), 2);
  EXPECT_THAT(Read(Path("report/report.html")), HasSubstr("Bias alarm."));
}

TEST_F(LabEvaluateTest, ModelCardIsMadeFromTheReport) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  ASSERT_THAT(RunLabCommand(kEvaluate, Words(Path("report"))), IsOk());
  ASSERT_THAT(RunLabCommand(kModelCard,
                            {"--report", Path("report/report.json"), "--output", Path("card.md")}),
              IsOk());
  EXPECT_THAT(Read(Path("card.md")),
              HasSubstr(absl::StrFormat("| `resnet18/1` | resnet18 | pneumonia | %.4f |",
                                        ManifestThreshold("resnet18"))));
  EXPECT_THAT(Read(Path("card.md")), HasSubstr("on 16 films of 15 patients"));
  EXPECT_THAT(
      RunLabCommand(kModelCard, {"--report", Path("none.json"), "--output", Path("card.md")}),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.json")));
}

TEST_F(LabEvaluateTest, NamesWhatIsWrongWithTheCommandLine) {
  using absl::StatusCode;
  EXPECT_THAT(RunLabCommand(kEvaluate, {"--data", "x", "--report", "y"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--model")));
  EXPECT_THAT(RunLabCommand(kEvaluate, {"--model", "x", "--data", "y"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--report")));
  EXPECT_THAT(
      RunLabCommand(kEvaluate, {"--model", "x", "--data", "y", "--report", "z", "film.png"}),
      StatusIs(StatusCode::kInvalidArgument, HasSubstr("film.png")));
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  EXPECT_THAT(RunLabCommand(kEvaluate, Words(Path("report"), {"--class", "COVID"})),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("no class \"COVID\" among the data set's (\"NORMAL\", "
                                 "\"PNEUMONIA\"): --class NAME")));
  EXPECT_THAT(RunLabCommand(kEvaluate, Words(Path("report"), {"--subgroup", "sex"})),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("\"sex\" for --subgroup")));
  std::ofstream(Path("file")) << "no folder";
  EXPECT_THAT(RunLabCommand(kEvaluate, Words(Path("file/report"))),
              StatusIs(StatusCode::kUnavailable, HasSubstr("file/report: Not a directory")));
}

}  // namespace
}  // namespace camnode
