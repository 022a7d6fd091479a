#include "core/training/figures/shortcut_baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <ios>
#include <iterator>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/render/image_codec.h"
#include "core/training/figures/shortcut_statistics.h"
#include "core/training/films/dataset.h"
#include "core/training/films/folds.h"
#include "core/training/films/labelled_film.h"
#include "core/training/films/random_generator.h"
#include "tests/core/training/figures/scored_films.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

struct Example {
  std::vector<std::vector<double>> statistics;
  std::vector<ScoredFilm> films;
};

// Two numbers a film, evenly spread; the first decides p(positive) = sigmoid(slope * x),
// the second nothing.  The network's logit knows the label and, by `leak`, the first.
Example MakeExample(int films, double slope, double leak) {
  RandomGenerator random(11);
  Example example;
  for (int i = 0; i < films; ++i) {
    const double x = 4.0 * random.Uniform() - 2.0;
    example.statistics.push_back({x, random.Uniform()});
    const bool positive = random.Uniform() < 1.0 / (1.0 + std::exp(-slope * x));
    const double logit =
        (positive ? 1.0 : -1.0) + 2.0 * (random.Uniform() + random.Uniform() - 1.0) + leak * x;
    example.films.push_back(FilmOfLogit(positive, logit));
    example.films.back().fold = i % 5;
  }
  example.films = Named(example.films);
  return example;
}

TEST(ShortcutBaselineTest, FindsTheProbabilityOfTheLabel) {
  const Example example = MakeExample(4000, 1.5, 0.0);
  const auto baseline = FitShortcutBaseline(example.statistics, example.films);
  ASSERT_THAT(baseline, IsOk());
  for (std::size_t i = 0; i < example.films.size(); ++i) {
    ASSERT_NEAR(baseline->logits[i], 1.5 * example.statistics[i][0], 0.6);
    ASSERT_DOUBLE_EQ(baseline->probabilities[i], 1.0 / (1.0 + std::exp(-baseline->logits[i])));
  }
  EXPECT_GT(baseline->auc, 0.8);
}

TEST(ShortcutBaselineTest, ItsWeightsLeaveNothingOfTheShortcut) {
  const Example example = MakeExample(4000, 1.5, 0.0);
  ShortcutBaselineOptions uncut;
  uncut.max_weight = 1000.0;
  const auto baseline = FitShortcutBaseline(example.statistics, example.films, uncut);
  ASSERT_THAT(baseline, IsOk());
  EXPECT_NEAR(baseline->balanced_auc, 0.5, 0.03);
}

TEST(ShortcutBaselineTest, WeightsAreCutAndHaveMeanOneInEachClass) {
  const Example example = MakeExample(1000, 3.0, 0.0);
  const auto baseline = FitShortcutBaseline(example.statistics, example.films);
  ASSERT_THAT(baseline, IsOk());
  for (const bool positive : {false, true}) {
    double cut_sum = 0.0;
    double cut_squares = 0.0;
    double count = 0.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < example.films.size(); ++i) {
      if (example.films[i].positive != positive) continue;
      const double p = positive ? baseline->probabilities[i] : 1.0 - baseline->probabilities[i];
      const double cut = std::min(1.0 / p, 10.0);
      cut_sum += cut;
      cut_squares += cut * cut;
      sum += baseline->weights[i];
      ++count;
    }
    EXPECT_NEAR(sum / count, 1.0, 1e-9);
    const double effective =
        positive ? baseline->effective_positives : baseline->effective_negatives;
    EXPECT_NEAR(effective, cut_sum * cut_sum / cut_squares, 1e-6);
    EXPECT_LT(effective, count);
    for (std::size_t i = 0; i < example.films.size(); ++i) {
      if (example.films[i].positive != positive) continue;
      const double p = positive ? baseline->probabilities[i] : 1.0 - baseline->probabilities[i];
      ASSERT_NEAR(baseline->weights[i], std::min(1.0 / p, 10.0) * count / cut_sum, 1e-9);
    }
  }
}

// What a fold's labels are cannot matter to its own films.
TEST(ShortcutBaselineTest, AFilmsProbabilityIsFromAModelThatDidNotSeeItsFold) {
  Example example = MakeExample(500, 1.5, 0.0);
  const auto before = FitShortcutBaseline(example.statistics, example.films);
  for (ScoredFilm& film : example.films) {
    if (film.fold == 2) film.positive = !film.positive;
  }
  const auto after = FitShortcutBaseline(example.statistics, example.films);
  ASSERT_THAT(after, IsOk());
  for (std::size_t i = 0; i < example.films.size(); ++i) {
    if (example.films[i].fold == 2) {
      EXPECT_EQ(before->logits[i], after->logits[i]);
    } else {
      EXPECT_NE(before->logits[i], after->logits[i]);
    }
  }
}

TEST(ShortcutBaselineTest, AppliesToFilmsOfAnotherSplitWithTheModelOfAllFilms) {
  const Example train = MakeExample(1000, 1.5, 0.0);
  const auto baseline = FitShortcutBaseline(train.statistics, train.films);
  Example test = MakeExample(100, 1.5, 0.0);
  for (ScoredFilm& film : test.films) film.fold = 0;
  const auto applied = ApplyShortcutBaseline(*baseline, test.statistics, test.films);
  ASSERT_THAT(applied, IsOk());
  EXPECT_EQ(applied->weights.size(), 100u);
  EXPECT_EQ(applied->logits[7], baseline->model.Logit(test.statistics[7]));
  test.statistics[7].pop_back();
  EXPECT_THAT(ApplyShortcutBaseline(*baseline, test.statistics, test.films),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("film7")));
}

TEST(ShortcutBaselineTest, BalancingLowersTheAucOfANetworkThatLeansOnTheShortcut) {
  const Example leaning = MakeExample(4000, 1.5, 1.5);
  const Example upright = MakeExample(4000, 1.5, 0.0);
  const auto drop = [](const Example& example) {
    const auto baseline = FitShortcutBaseline(example.statistics, example.films);
    return *Auc(example.films) - *Auc(WithWeights(example.films, baseline->weights));
  };
  EXPECT_GT(drop(leaning), 0.05);
  EXPECT_LT(std::abs(drop(upright)), 0.02);
}

TEST(ShortcutCorrelationTest, IsPearsonsWithinEachClass) {
  const auto films =
      Named({FilmOfLogit(true, 1.0), FilmOfLogit(true, 2.0), FilmOfLogit(true, 3.0),
             FilmOfLogit(false, -1.0), FilmOfLogit(false, -2.0), FilmOfLogit(false, -3.0)});
  // Positives: (1, 2, 3) and (1, 3, 2) have 1/2; negatives are opposed.
  const auto correlation = CorrelateWithShortcut(films, {11.0, 13.0, 12.0, 5.0, 6.0, 7.0});
  ASSERT_THAT(correlation, IsOk());
  EXPECT_NEAR(correlation->positives, 0.5, 1e-12);
  EXPECT_NEAR(correlation->negatives, -1.0, 1e-12);
  EXPECT_NEAR(correlation->mean, -0.25, 1e-12);
}

TEST(ShortcutCorrelationTest, IsZeroWhereALogitDoesNotVaryAndHeedsWeights) {
  auto films = Named({FilmOfLogit(true, 0.1), FilmOfLogit(true, 0.1), FilmOfLogit(true, 0.1),
                      FilmOfLogit(false, 0.0), FilmOfLogit(false, 1.0), FilmOfLogit(false, 5.0)});
  films[5].weight = 0.0;
  const auto correlation = CorrelateWithShortcut(films, {1.0, 2.0, 3.0, 1.0, 2.0, -9.0});
  ASSERT_THAT(correlation, IsOk());
  EXPECT_EQ(correlation->positives, 0.0);
  EXPECT_NEAR(correlation->negatives, 1.0, 1e-12);
}

TEST(ShortcutBaselineTest, RefusesPatientsInTwoFoldsAndOtherBadInput) {
  const auto refused = [](absl::string_view why) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(why)));
  };
  const Example good = MakeExample(100, 1.0, 0.0);
  Example bad = good;
  bad.films[6].patient = bad.films[2].patient;
  EXPECT_THAT(FitShortcutBaseline(bad.statistics, bad.films), refused("in folds 2 and 1"));
  bad = good;
  for (ScoredFilm& film : bad.films) film.fold = 0;
  EXPECT_THAT(FitShortcutBaseline(bad.statistics, bad.films), refused("fewer than two folds"));
  bad = good;
  bad.statistics[3][1] = std::numeric_limits<double>::infinity();
  EXPECT_THAT(FitShortcutBaseline(bad.statistics, bad.films), refused("film3"));
  bad = good;
  bad.statistics.pop_back();
  EXPECT_THAT(FitShortcutBaseline(bad.statistics, bad.films), refused("99 rows"));
  bad = good;
  for (ScoredFilm& film : bad.films) film.positive = film.fold == 0;
  EXPECT_THAT(FitShortcutBaseline(bad.statistics, bad.films), refused("without fold 0"));
  EXPECT_THAT(FitShortcutBaseline({}, {}), refused("no films"));
  EXPECT_THAT(CorrelateWithShortcut(good.films, {1.0}), refused("1 baseline logits"));
}

// On the public set 26 numbers alone nearly tell the label.  Every eighth film, so that the
// test takes a second; over all of them the area is 0.986.
TEST(ShortcutBaselineTest, NearlyTellsPneumoniaOnThePublicFilms) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/train");
  DatasetOptions options;
  options.path = TestDataPath("kermany224");
  options.splits = {"train"};
  options.patient_patterns = {"(person[0-9]+_(?:bacteria|virus))", "((?:NORMAL2-)?IM-[0-9]+)"};
  const auto dataset = ReadDataset(options);
  ASSERT_THAT(dataset, IsOk());
  const auto folds = AssignFolds(*dataset, 5, 1);
  ASSERT_THAT(folds, IsOk());
  Example example;
  for (std::size_t i = 0; i < dataset->films.size(); i += 8) {
    const LabelledFilm& labelled = dataset->films[i];
    std::ifstream file(labelled.path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto picture = DecodePicture(bytes, 1 << 20);
    ASSERT_THAT(picture, IsOk());
    const auto statistics = ShortcutStatistics(picture->presentation);
    ASSERT_THAT(statistics, IsOk());
    example.statistics.push_back(*statistics);
    ScoredFilm film;
    film.name = labelled.name;
    film.patient = labelled.patient;
    film.fold = (*folds)[i];
    film.positive = dataset->classes[labelled.class_index] == "PNEUMONIA";
    example.films.push_back(film);
  }
  const auto baseline = FitShortcutBaseline(example.statistics, example.films);
  ASSERT_THAT(baseline, IsOk());
  EXPECT_GT(baseline->auc, 0.95);
  EXPECT_LT(baseline->balanced_auc, baseline->auc - 0.05);
}

}  // namespace
}  // namespace camnode
