#include "core/training/figures/thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "absl/status/status.h"
#include "tests/core/training/figures/scored_films.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

// `count` films at each probability.
std::vector<ScoredFilm> Films(const std::vector<std::pair<double, int>>& negatives,
                              const std::vector<std::pair<double, int>>& positives) {
  std::vector<ScoredFilm> films;
  for (const auto& [probability, count] : negatives) {
    for (int i = 0; i < count; ++i) films.push_back(FilmOfProbability(false, probability));
  }
  for (const auto& [probability, count] : positives) {
    for (int i = 0; i < count; ++i) films.push_back(FilmOfProbability(true, probability));
  }
  return Named(films);
}

TEST(YoudenTest, TheMiddleOfAGapBetweenTheClasses) {
  const auto choice = YoudenThreshold(Films({{0.1, 5}, {0.2, 5}}, {{0.7, 5}, {0.8, 5}}));
  ASSERT_THAT(choice, IsOk());
  EXPECT_DOUBLE_EQ(choice->threshold.estimate, 0.45);
  EXPECT_EQ(choice->sensitivity.estimate, 1.0);
  EXPECT_EQ(choice->specificity.estimate, 1.0);
  EXPECT_EQ(choice->positives, 10);
  EXPECT_EQ(choice->negatives, 10);
}

TEST(YoudenTest, ThePlateauForgivesOneFilmAndNotTwo) {
  // J is 1 in (0.3, 0.7], and 0.9 or 0.8 in (0.2, 0.3].
  const auto one = YoudenThreshold(Films({{0.1, 5}, {0.2, 4}, {0.3, 1}}, {{0.7, 10}}));
  const auto two = YoudenThreshold(Films({{0.1, 5}, {0.2, 3}, {0.3, 2}}, {{0.7, 10}}));
  EXPECT_DOUBLE_EQ(one->threshold.estimate, 0.45);
  EXPECT_DOUBLE_EQ(two->threshold.estimate, 0.5);
}

TEST(YoudenTest, ThePlateauReachesOverADip) {
  // J is 0.8 - 0.1 in (0.6, 0.8], 0.8 - 0.3 in (0.5, 0.6] and 1 - 0.3 in (0.3, 0.5].
  const auto choice = YoudenThreshold(Films({{0.3, 7}, {0.6, 2}, {0.9, 1}}, {{0.5, 2}, {0.8, 8}}));
  ASSERT_THAT(choice, IsOk());
  EXPECT_DOUBLE_EQ(choice->threshold.estimate, (0.3 + 0.8) / 2);
}

// Calling nothing positive is as good as calling everything so.
TEST(YoudenTest, OfScoresThatRankBackwardsThePlateauIsTheWholeScale) {
  EXPECT_DOUBLE_EQ(YoudenThreshold(Films({{0.8, 10}}, {{0.2, 10}}))->threshold.estimate, 0.5);
}

TEST(YoudenTest, HeedsWeights) {
  auto films = Films({{0.2, 10}, {0.6, 10}}, {{0.4, 10}, {0.8, 10}});
  for (ScoredFilm& film : films) {
    if (film.probability == 0.4) film.weight = 0.1;
  }
  // Missing the light positives at 0.4 costs 0.09, calling the negatives at 0.6 costs 0.5.
  EXPECT_DOUBLE_EQ(YoudenThreshold(films)->threshold.estimate, 0.7);
  for (ScoredFilm& film : films) {
    film.weight = film.probability == 0.6 ? 0.1 : 1.0;
  }
  EXPECT_DOUBLE_EQ(YoudenThreshold(films)->threshold.estimate, 0.3);
}

TEST(F1Test, TakesTheGreatestAndOfEqualOnesTheHighest) {
  // F1: at 0.8 2/3, at 0.6 2/4, at 0.4 4/5.
  EXPECT_DOUBLE_EQ(
      F1Threshold(Films({{0.2, 1}, {0.6, 1}}, {{0.4, 1}, {0.8, 1}}))->threshold.estimate, 0.3);
  // At 0.9: 2 / (1 + 2); at 0.3: 4 / (4 + 2).  Both 2/3.
  EXPECT_DOUBLE_EQ(F1Threshold(Films({{0.6, 2}}, {{0.3, 1}, {0.9, 1}}))->threshold.estimate, 0.75);
}

// 25 positives at 0.30, 0.31, ..., 0.54: two may be missed.
std::vector<ScoredFilm> TwentyFive() {
  std::vector<std::pair<double, int>> positives;
  for (int i = 0; i < 25; ++i) positives.emplace_back(0.30 + 0.01 * i, 1);
  return Films({{0.1, 1}, {0.315, 1}}, positives);
}

TEST(SensitivityTest, IsTheHighestCutThatReachesItHalfWayToTheFilmBelow) {
  const auto choice = SensitivityThreshold(TwentyFive(), 0.92);
  ASSERT_THAT(choice, IsOk());
  EXPECT_DOUBLE_EQ(choice->threshold.estimate, (0.315 + 0.32) / 2);
  EXPECT_DOUBLE_EQ(choice->sensitivity.estimate, 0.92);
  EXPECT_DOUBLE_EQ(choice->specificity.estimate, 1.0);
  EXPECT_DOUBLE_EQ(SensitivityThreshold(TwentyFive(), 0.921)->threshold.estimate, 0.305);
  EXPECT_DOUBLE_EQ(SensitivityThreshold(TwentyFive(), 1.0)->threshold.estimate, 0.2);
}

TEST(SensitivityTest, HeedsWeights) {
  auto films = TwentyFive();
  films[2].weight = 0.0;  // The positive at 0.30.
  films[3].weight = 2.0;  // And at 0.31: 2 of 25 may be missed, which is this one.
  EXPECT_DOUBLE_EQ(SensitivityThreshold(films, 0.92)->threshold.estimate, (0.315 + 0.32) / 2);
  films[3].weight = 2.1;
  EXPECT_DOUBLE_EQ(SensitivityThreshold(films, 0.92)->threshold.estimate, 0.205);
}

TEST(SensitivityTest, TheShippedThresholdAsksForNinetyTwoPercent) {
  EXPECT_EQ(kShippedSensitivity, 0.90);
  const auto shipped = ShippedThreshold(TwentyFive());
  ASSERT_THAT(shipped, IsOk());
  EXPECT_DOUBLE_EQ(shipped->threshold.estimate, (0.315 + 0.32) / 2);
  EXPECT_EQ(shipped->negatives, 2);
}

TEST(ThresholdsTest, FilmsOnBothEndsOfTheScaleStillHaveACut) {
  const auto ends = Films({{0.0, 2}}, {{1.0, 2}});
  EXPECT_DOUBLE_EQ(YoudenThreshold(ends)->threshold.estimate, 0.5);
  EXPECT_DOUBLE_EQ(SensitivityThreshold(ends, 1.0)->threshold.estimate, 0.5);
  const auto equal = Films({{0.0, 2}}, {{0.0, 2}});
  EXPECT_DOUBLE_EQ(SensitivityThreshold(equal, 0.9)->threshold.estimate, 0.0);
  EXPECT_EQ(SensitivityThreshold(equal, 0.9)->sensitivity.estimate, 1.0);
  EXPECT_EQ(SensitivityThreshold(equal, 0.9)->specificity.estimate, 0.0);
}

TEST(ThresholdsTest, VerdictsAtTheThresholdAreThoseItWasChosenFor) {
  const auto films = TwentyFive();
  const auto choice = SensitivityThreshold(films, 0.6);
  const Confusion confusion = CountConfusion(films, choice->threshold.estimate);
  EXPECT_DOUBLE_EQ(Sensitivity(confusion).value(), choice->sensitivity.estimate);
  EXPECT_DOUBLE_EQ(Specificity(confusion).value(), choice->specificity.estimate);
}

TEST(ThresholdsTest, IntervalsAreOfOtherPatients) {
  auto films = TwentyFive();
  const auto choice = SensitivityThreshold(films, 0.8);
  ASSERT_THAT(choice, IsOk());
  EXPECT_LT(choice->threshold.low, choice->threshold.estimate);
  EXPECT_GT(choice->threshold.high, choice->threshold.estimate);
  EXPECT_LT(choice->sensitivity.low, 0.8);
  EXPECT_GT(choice->sensitivity.high, 0.8);
  // All films of one class one patient: the rounds repeat the films as they are.
  for (ScoredFilm& film : films) film.patient = film.positive ? "ill" : "well";
  const auto certain = SensitivityThreshold(films, 0.8);
  EXPECT_EQ(certain->threshold.low, certain->threshold.high);
}

TEST(ThresholdsTest, RefuseOneClassAndSensitivitiesOutOfRange) {
  EXPECT_THAT(YoudenThreshold(Films({}, {{0.5, 3}})), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(F1Threshold(Films({{0.5, 3}}, {})), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ShippedThreshold({}), StatusIs(absl::StatusCode::kInvalidArgument));
  for (const double sensitivity : {0.0, 1.01}) {
    EXPECT_THAT(SensitivityThreshold(TwentyFive(), sensitivity),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace camnode
