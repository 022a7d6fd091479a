// camnode-lab evaluate, called as main() calls it, on 16 public films.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "services/lab_commands.h"
#include "tests/core/training/well_formed.h"
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
    std::vector<std::string> words = {"--model",   "deploy/models/resnet18/1",
                                      "--data",    TestDataPath("kermany224"),
                                      "--split",   "val",
                                      "--report",  report,
                                      "--threads", "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
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
  ASSERT_THAT(RunEvaluate(Words(Path("report"), {"--model", "deploy/models/efficientnet_b0/1"})),
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
  EXPECT_DOUBLE_EQ(mean["threshold"], 0.2);  // Of 0.25 and 0.15: nothing else is there.
  ExpectCounts(mean, CountByHand(films, mean["threshold"], [](const Json& film) {
                 return (film["models"][0]["probability"].get<double>() +
                         film["models"][1]["probability"].get<double>()) /
                        2;
               }));
  EXPECT_EQ(report["comparisons"].size(), 3);
  EXPECT_THAT(report["shortcut"]["absent"].get<std::string>(), HasSubstr("8 films"));
}

TEST_F(LabEvaluateTest, WritesAPageThatNeedsNothingFromElsewhere) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  ASSERT_THAT(RunEvaluate(Words(Path("report"))), IsOk());
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
  ASSERT_THAT(RunEvaluate(Words(Path("first"))), IsOk());
  ASSERT_THAT(RunEvaluate(Words(Path("second"))), IsOk());
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
  EXPECT_THAT(RunEvaluate(words), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("1 of 17")));
  EXPECT_FALSE(fs::exists(Path("report/report.json")));
  words.push_back("--skip-unreadable");
  ASSERT_THAT(RunEvaluate(words), IsOk());
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
  ASSERT_THAT(RunEvaluate(words), IsOk());
  const Json report = Json::parse(Read(Path("report/report.json")));
  EXPECT_TRUE(report["models"][0]["auc"].is_null());
  EXPECT_TRUE(report["models"][0]["specificity"].is_null());
  EXPECT_FALSE(report["models"][0]["sensitivity"].is_null());
  EXPECT_THAT(Read(Path("report/report.html")), HasSubstr("of one class only"));
}

TEST_F(LabEvaluateTest, NamesWhatIsWrongWithTheCommandLine) {
  using absl::StatusCode;
  EXPECT_THAT(RunEvaluate({"--data", "x", "--report", "y"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--model")));
  EXPECT_THAT(RunEvaluate({"--model", "x", "--data", "y"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--report")));
  EXPECT_THAT(RunEvaluate({"--model", "x", "--data", "y", "--report", "z", "film.png"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("film.png")));
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  EXPECT_THAT(RunEvaluate(Words(Path("report"), {"--positive-class", "COVID"})),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("COVID")));
  EXPECT_THAT(RunEvaluate(Words(Path("report"), {"--subgroup", "sex"})),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("sex")));
}

}  // namespace
}  // namespace camnode
