// Also: explanations, explanations_json, gallery, html, html_page, json, model_card, plots,
// sections, summary.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/domain/radiograph.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/report/gallery.h"
#include "core/training/report/html.h"
#include "core/training/report/json.h"
#include "core/training/report/model_card.h"
#include "tests/core/training/report/made_result.h"
#include "tests/core/training/report/well_formed.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

absl::StatusOr<Radiograph> GrayFilm(const std::string&) {
  Radiograph film;
  film.presentation = cv::Mat1b(48, 64, uint8_t{90});
  return film;
}

TEST(ReportHtmlTest, IsOneWellFormedFileWithoutScriptOrAddress) {
  const auto html = FormatReportHtml(MadeResult(), GrayFilm);
  ASSERT_THAT(html, IsOk());
  EXPECT_TRUE(IsWellFormedXml(*html));
  EXPECT_THAT(*html, AllOf(HasSubstr("Research only, not for diagnosis"), HasSubstr("&gt;.png"),
                           HasSubstr("films &amp; more"), HasSubstr("No bias alarm"),
                           HasSubstr("data:image/png;base64,")));
  EXPECT_THAT(*html, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("href=\"http")),
                           Not(HasSubstr("url("))));
  const auto again = FormatReportHtml(MadeResult(), GrayFilm);
  EXPECT_EQ(*html, *again);
}

TEST(ReportHtmlTest, PutsAlarmsBeforeEverythingElse) {
  EvaluationResult result = MadeResult();
  result.models[0].alarms = {"first says the same of every film"};
  result.alarms = {"films were trained with"};
  const auto html = FormatReportHtml(result, GrayFilm);
  ASSERT_THAT(html, IsOk());
  EXPECT_THAT(*html, Not(HasSubstr("No bias alarm")));
  EXPECT_LT(html->find("Bias alarm. first says"), html->find("Films, models, machine</h2>"));
  EXPECT_LT(html->find("films were trained with"), html->find("Films, models, machine</h2>"));
}

TEST(ReportHtmlTest, NamesTheFilmOfTheGalleryThatIsGone) {
  const auto gone = [](const std::string&) -> absl::StatusOr<Radiograph> {
    return absl::NotFoundError("no such file");
  };
  EXPECT_THAT(FormatReportHtml(MadeResult(), gone),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("test/film<")));
}

TEST(ReportGalleryTest, ShowsTheSurestTheWrongAndTheDisputed) {
  EvaluationResult result = MadeResult();
  for (ScoredFilm& film : result.mean->films) film.probability = film.positive ? 0.9 : 0.1;
  for (ScoredFilm& film : result.mean->films) film.logit = film.positive ? 2.0 : -2.0;
  result.mean->films[4].probability = 0.97;  // Without the finding.
  result.mean->films[7].probability = 0.2;   // With it.
  result.mean->films[9].logit = 9.0;
  for (ScoreEvaluation& model : result.models) {
    for (ScoredFilm& film : model.films) film.probability = 0.5;
  }
  result.models[0].films[11].probability = 0.01;
  const auto groups = ChooseGallery(result);
  ASSERT_THAT(groups, SizeIs(3));
  EXPECT_THAT(groups[0].films, SizeIs(4));
  EXPECT_EQ(groups[0].films[0], 9);
  EXPECT_THAT(groups[1].films, ElementsAre(4, 7));
  EXPECT_THAT(groups[2].films, ElementsAre(11));
}

TEST(ReportJsonTest, HasNullWhereThereIsNoNumber) {
  EvaluationResult result = MadeResult();
  result.models[0].figures.auc.reset();
  result.models[0].figures.brier_score = std::numeric_limits<double>::quiet_NaN();
  const Json report = Json::parse(FormatReportJson(result));
  EXPECT_TRUE(report["models"][0]["auc"].is_null());
  EXPECT_TRUE(report["models"][0]["interval"].is_null());
  EXPECT_TRUE(report["models"][0]["brier_score"].is_null());
  EXPECT_TRUE(report["models"][0]["shortcut_balanced_auc"].is_null());
  EXPECT_EQ(report["shortcut"]["absent"], "too few films");
  EXPECT_EQ(report["data"]["unreadable"][0]["name"], "test/\xef\xbf\xbd.png");
}

TEST(ReportJsonTest, KeepsEveryDigit) {
  EvaluationResult result = MadeResult();
  result.mean->figures.auc = Interval{1.0 / 3.0, 0.1, 2.0 / 3.0};
  const Json report = Json::parse(FormatReportJson(result));
  EXPECT_EQ(report["mean"]["auc"].get<double>(), 1.0 / 3.0);
  EXPECT_EQ(report["mean"]["interval"][1].get<double>(), 2.0 / 3.0);
  EXPECT_EQ(report["films"], Json::parse(FormatReportJson(result))["films"]);
  EXPECT_THAT(report["films"], SizeIs(24));
}

TEST(ModelCardTest, SaysWhatTheReportSays) {
  EvaluationResult result = MadeResult();
  result.models[1].manifest.set_known_limits("only made films");
  for (ScoreEvaluation& model : result.models) model.manifest.set_training_data_digest("d16e57");
  result.models[1].alarms = {"second leans on borders"};
  const auto card = FormatModelCard(FormatReportJson(result));
  ASSERT_THAT(card, IsOk());
  EXPECT_THAT(*card, AllOf(HasSubstr("**Research only, not for diagnosis.**"),
                           HasSubstr("| `first/1` | resnet18 | pneumonia | 0.5000 | made-1 |"),
                           HasSubstr("on 24 films of 12 patients (split `test`)"),
                           HasSubstr("second leans on borders"),
                           HasSubstr("  * `second/1`: only made films"),
                           HasSubstr("* **Digest of the training data.** d16e57"),
                           HasSubstr("&lt;films> \\| pipes"), HasSubstr("import-checkpoint")));
  EXPECT_THAT(*card, Not(HasSubstr("nan")));
}

TEST(ModelCardTest, NamesTheModelsWhoseMapsAreNoBetterThanASimpleOne) {
  const Json mean = {{"mean", 0.5}, {"interval", {0.25, 0.75}}};
  Json report = Json::parse(FormatReportJson(MadeResult()));
  report["explanations"] = {{"sample", "60 films."}, {"models", Json::array()}};
  for (const char* name : {"first", "second"}) {
    const Json served = {{"score", mean}, {"over_random", mean}, {"beats_all", name[0] == 'f'}};
    report["explanations"]["models"].push_back({{"name", name},
                                                {"version", "1"},
                                                {"faithfulness", {served}},
                                                {"lungs", {{"mass_over_chance", mean}}},
                                                {"randomisation", {{"passed", true}}}});
  }
  const auto card = FormatModelCard(report.dump());
  ASSERT_THAT(card, IsOk());
  EXPECT_THAT(*card, HasSubstr("| first/1 | 0.50 (0.25 to 0.75) | 0.50 (0.25 to 0.75) | - |"));
  EXPECT_THAT(*card, HasSubstr("On these films the maps of `second/1` say no more"));
}

TEST(ModelCardTest, RefusesWhatIsNoReport) {
  using absl::StatusCode;
  EXPECT_THAT(FormatModelCard("{"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("JSON")));
  EXPECT_THAT(FormatModelCard("{\"schema\": \"other\"}"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("schema")));
  EXPECT_THAT(FormatModelCard(R"({"schema": "camnode-evaluation-1"})"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("models")));
  EXPECT_THAT(FormatModelCard(R"({"schema": "camnode-evaluation-1", "models": [7]})"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("incomplete")));
}

}  // namespace
}  // namespace camnode
