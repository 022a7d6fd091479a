// Also: bias_alarms.

#include "core/training/evaluation/score_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/training/evaluation/bias_alarms.h"
#include "tests/core/training/report/made_result.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

BootstrapOptions FewRounds() {
  BootstrapOptions options;
  options.rounds = 50;
  return options;
}

std::vector<ScoredFilm> Films(const std::vector<double>& logits) {
  std::vector<ScoredFilm> films;
  for (const double logit : logits) {
    ScoredFilm film;
    film.name = absl::StrCat("film", films.size());
    film.patient = film.name;
    film.positive = films.size() % 2 == 1;
    film.logit = logit;
    films.push_back(film);
  }
  return films;
}

TEST(CalibrateTest, AppliesTheManifestsCalibrationWithoutRounding) {
  model::v1::ModelManifest manifest;
  EXPECT_DOUBLE_EQ(Calibrate(Films({0.3}), manifest).films[0].probability,
                   1.0 / (1.0 + std::exp(-0.3)));
  manifest.mutable_calibration()->set_scale(2.0);
  manifest.mutable_calibration()->set_offset(-1.0);
  EXPECT_DOUBLE_EQ(Calibrate(Films({0.3}), manifest).films[0].probability,
                   1.0 / (1.0 + std::exp(0.4)));
}

TEST(MeanOfModelsTest, KeepsTheOrderOfFilmsWhoseProbabilitiesRoundToOne) {
  const model::v1::ModelManifest manifest;
  const auto mean = MeanOfModels({Calibrate(Films({40.0, 50.0, -900.0}), manifest),
                                  Calibrate(Films({41.0, 51.0, -900.0}), manifest)});
  EXPECT_DOUBLE_EQ(mean[0].probability, mean[1].probability);
  EXPECT_LT(mean[0].logit, mean[1].logit);
  EXPECT_TRUE(std::isfinite(mean[2].logit));
}

TEST(MeanOfModelsTest, IsTheMeanOfProbabilitiesAndNotOfLogits) {
  const model::v1::ModelManifest manifest;
  const auto mean = MeanOfModels(
      {Calibrate(Films({0.0}), manifest), Calibrate(Films({std::log(9.0)}), manifest)});
  EXPECT_DOUBLE_EQ(mean[0].probability, 0.7);
  EXPECT_NEAR(mean[0].logit, std::log(0.7 / 0.3), 1e-12);
}

TEST(MeasureScoresTest, ListsFilmsThatAnotherMachineMayCallOtherwise) {
  std::vector<ScoredFilm> films = Films({0, 1, 2, 3});
  films[0].probability = 0.4;
  films[1].probability = 0.50009;
  films[2].probability = 0.5002;
  films[3].probability = 0.49995;
  EXPECT_THAT(MeasureScores(films, 0.5, FewRounds()).near_threshold, ElementsAre(1, 3));
}

TEST(MeasureScoresTest, IsNeverSureOfMoreThanItsPatientsTell) {
  std::vector<ScoredFilm> films = Films({-1, 1, -1, 1, -1, 1, -1, 1});
  for (ScoredFilm& film : films) film.probability = film.positive ? 0.9 : 0.1;
  const ScoreFigures figures = MeasureScores(films, 0.5, FewRounds());
  ASSERT_TRUE(figures.sensitivity.has_value());
  EXPECT_EQ(figures.sensitivity->estimate, 1.0);
  EXPECT_EQ(figures.sensitivity->high, 1.0);
  // 4 of 4: SciPy's beta.ppf(0.025, 4, 1).
  EXPECT_NEAR(figures.sensitivity->low, 0.397635, 1e-6);
  ASSERT_TRUE(figures.accuracy.has_value());
  EXPECT_NEAR(figures.accuracy->low, 0.630583, 1e-6);  // 8 of 8.
}

TEST(MeasureScoresTest, LeavesOutWhatOneClassDoesNotDefine) {
  std::vector<ScoredFilm> films = Films({0, 1, 2, 3});
  for (ScoredFilm& film : films) film.positive = true;
  for (ScoredFilm& film : films) film.probability = 0.6;
  const ScoreFigures figures = MeasureScores(films, 0.5, FewRounds());
  EXPECT_FALSE(figures.auc.has_value());
  EXPECT_FALSE(figures.specificity.has_value());
  ASSERT_TRUE(figures.sensitivity.has_value());
  EXPECT_EQ(figures.sensitivity->estimate, 1.0);
  EXPECT_THAT(figures.thresholds, IsEmpty());
}

TEST(MeasureSubgroupsTest, PoolsTheRarestOfManyValues) {
  std::vector<ScoredFilm> films = Films(std::vector<double>(100, 0.5));
  std::vector<std::map<std::string, std::string>> values(100);
  for (size_t i = 0; i < 100; ++i) {
    if (i > 0) values[i]["age"] = absl::StrCat(i < 60 ? 1 : i);
  }
  const auto groups = MeasureSubgroups(films, values, {"age"}, 0.5, FewRounds());
  ASSERT_THAT(groups, SizeIs(kMaxSubgroups));
  int all = 0;
  for (const SubgroupFigures& group : groups) {
    all += group.films;
    if (group.value == "1") {
      EXPECT_EQ(group.films, 59);
    }
  }
  EXPECT_EQ(all, 100);
}

ScoreEvaluation Lopsided(double positives_called, double negatives_called) {
  ScoreEvaluation scores;
  scores.label = "net";
  scores.figures.confusion.true_positives = positives_called;
  scores.figures.confusion.false_negatives = 50 - positives_called;
  scores.figures.confusion.false_positives = negatives_called;
  scores.figures.confusion.true_negatives = 50 - negatives_called;
  return scores;
}

TEST(ScoreAlarmsTest, SoundsWhenOneClassIsAlmostAlwaysPredicted) {
  EXPECT_THAT(ScoreAlarms(Lopsided(50, 46), {}),
              ElementsAre(HasSubstr("96.0 % of the films positive")));
  EXPECT_THAT(ScoreAlarms(Lopsided(3, 0), {}),
              ElementsAre(HasSubstr("97.0 % of the films negative")));
  EXPECT_THAT(ScoreAlarms(Lopsided(50, 40), {}), IsEmpty());
}

TEST(ScoreAlarmsTest, SoundsForANetworkWhoseThresholdNobodyChose) {
  ScoreEvaluation scores = Lopsided(40, 5);
  scores.threshold = 0.5;
  scores.threshold_set_id = "uncalibrated";
  EXPECT_THAT(ScoreAlarms(scores, {}), ElementsAre(HasSubstr("camnode-lab calibrate")));
}

TEST(ScoreAlarmsTest, IsSilentWhereTheLabelsAreAsLopsided) {
  ScoreEvaluation scores;
  scores.figures.confusion.true_positives = 97;
  scores.figures.confusion.true_negatives = 3;
  EXPECT_THAT(ScoreAlarms(scores, {}), IsEmpty());
}

TEST(ScoreAlarmsTest, SoundsForAConstantScoreAndForOneThatTheShortcutBeats) {
  ScoreEvaluation scores = MadeScores("net", 0.8);
  ShortcutSection shortcut;
  shortcut.auc = Interval{1.0, 1.0, 1.0};
  EXPECT_THAT(ScoreAlarms(scores, shortcut), ElementsAre(HasSubstr("never looks at a lung")));
  shortcut.auc = Interval{0.5, 0.4, 0.6};
  EXPECT_THAT(ScoreAlarms(scores, shortcut), IsEmpty());
  for (ScoredFilm& film : scores.films) film.logit = 0.2;
  EXPECT_THAT(ScoreAlarms(scores, shortcut), ElementsAre(HasSubstr("same score")));
}

TEST(PreprocessingAlarmsTest, NamesEveryFieldInWhichTrainingAndServingDiffer) {
  training::v1::Recipe recipe;
  recipe.mutable_manifest()->mutable_preprocessing()->set_input_size(224);
  recipe.mutable_manifest()->mutable_preprocessing()->set_geometry(model::v1::GEOMETRY_SQUASH);
  recipe.add_stages()->set_image_size(224);
  model::v1::ModelManifest manifest = recipe.manifest();
  EXPECT_THAT(PreprocessingAlarms(recipe, manifest), IsEmpty());
  manifest.mutable_preprocessing()->set_geometry(model::v1::GEOMETRY_LETTERBOX);
  EXPECT_THAT(PreprocessingAlarms(recipe, manifest), ElementsAre(HasSubstr("geometry")));
  manifest = recipe.manifest();
  recipe.mutable_stages(0)->set_image_size(160);
  EXPECT_THAT(PreprocessingAlarms(recipe, manifest), ElementsAre(HasSubstr("160 pixels")));
}

}  // namespace
}  // namespace camnode
