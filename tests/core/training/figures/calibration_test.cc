#include "core/training/figures/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "tests/core/training/figures/scored_films.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

std::vector<ScoredFilm> FourFilms() {
  return Named({FilmOfProbability(false, 0.1), FilmOfProbability(true, 0.3),
                FilmOfProbability(false, 0.55), FilmOfProbability(true, 0.95)});
}

TEST(CalibrationTest, BinsOfEqualWidthAreFoundByProbability) {
  const auto curve = ReliabilityCurve(FourFilms(), Binning::kEqualWidth, 2);
  ASSERT_THAT(curve, IsOk());
  ASSERT_EQ(curve->size(), 2u);
  EXPECT_EQ((*curve)[0].films, 2);
  EXPECT_DOUBLE_EQ((*curve)[0].mean_probability, 0.2);
  EXPECT_DOUBLE_EQ((*curve)[0].positive_share, 0.5);
  EXPECT_DOUBLE_EQ((*curve)[1].lowest_probability, 0.55);
  EXPECT_DOUBLE_EQ((*curve)[1].highest_probability, 0.95);
  EXPECT_DOUBLE_EQ((*curve)[1].mean_probability, 0.75);
  EXPECT_DOUBLE_EQ((*curve)[1].positive_share, 0.5);
  EXPECT_DOUBLE_EQ(ExpectedCalibrationError(*curve), 0.5 * 0.3 + 0.5 * 0.25);
}

TEST(CalibrationTest, ABorderBelongsToTheBinAboveAndOneToTheLast) {
  const auto curve =
      ReliabilityCurve(Named({FilmOfProbability(true, 0.29), FilmOfProbability(true, 0.3),
                              FilmOfProbability(true, 0.39), FilmOfProbability(true, 0.9),
                              FilmOfProbability(true, 1.0)}),
                       Binning::kEqualWidth, 10);
  ASSERT_THAT(curve, IsOk());
  ASSERT_EQ(curve->size(), 3u);
  EXPECT_EQ((*curve)[0].films, 1);
  EXPECT_EQ((*curve)[1].films, 2);
  EXPECT_EQ((*curve)[2].films, 2);
}

TEST(CalibrationTest, BinsOfEqualMassHoldEqualWeight) {
  auto films = FourFilms();
  films[3].weight = 3.0;  // As much as the other three.
  const auto curve = ReliabilityCurve(films, Binning::kEqualMass, 2);
  ASSERT_THAT(curve, IsOk());
  ASSERT_EQ(curve->size(), 2u);
  EXPECT_EQ((*curve)[0].films, 3);
  EXPECT_EQ((*curve)[1].films, 1);
  EXPECT_DOUBLE_EQ((*curve)[0].weight, 3.0);
  EXPECT_NEAR((*curve)[0].mean_probability, 0.95 / 3.0, 1e-12);
  EXPECT_NEAR((*curve)[0].positive_share, 1.0 / 3.0, 1e-12);
  EXPECT_NEAR(ExpectedCalibrationError(*curve), 0.5 * 0.05 / 3.0 + 0.5 * 0.05, 1e-12);
}

// The tie reaches from 1/4 to the end of the weight; its middle is in the upper half.
TEST(CalibrationTest, ATieIsWhereItsMiddleIs) {
  const auto curve =
      ReliabilityCurve(Named({FilmOfProbability(false, 0.1), FilmOfProbability(false, 0.2),
                              FilmOfProbability(true, 0.2), FilmOfProbability(true, 0.2)}),
                       Binning::kEqualMass, 2);
  ASSERT_THAT(curve, IsOk());
  ASSERT_EQ(curve->size(), 2u);
  EXPECT_EQ((*curve)[1].films, 3);
}

TEST(CalibrationTest, EqualProbabilitiesAreInOneBinWhateverTheOrderOfTheFilms) {
  std::vector<ScoredFilm> films;
  for (int i = 0; i < 20; ++i) films.push_back(FilmOfProbability(i < 10, i < 15 ? 0.9999 : 0.2));
  films = Named(films);
  const auto curve = ReliabilityCurve(films, Binning::kEqualMass, 10);
  std::reverse(films.begin(), films.end());
  const auto reversed = ReliabilityCurve(films, Binning::kEqualMass, 10);
  ASSERT_EQ(curve->size(), 2u);
  ASSERT_EQ(reversed->size(), 2u);
  EXPECT_EQ((*curve)[1].films, 15);
  EXPECT_NEAR((*curve)[1].positive_share, 10.0 / 15.0, 1e-12);
  EXPECT_EQ(ExpectedCalibrationError(*curve), ExpectedCalibrationError(*reversed));
}

// 100 films at 0.5 in one bin: the error is |heads - 50| / 100 of 100 coins, whose mean is
// 50 C(100, 50) / 2^100 / 100 = 0.0398 and whose 95th percentile is 0.10.
TEST(CalibrationTest, TheNoiseFloorIsThatOfCoins) {
  std::vector<ScoredFilm> films;
  for (int i = 0; i < 100; ++i) films.push_back(FilmOfProbability(i % 4 != 0, 0.5));
  CalibrationErrorOptions options;
  options.rounds = 4000;
  const auto measured = MeasureCalibration(Named(films), options);
  ASSERT_THAT(measured, IsOk());
  EXPECT_DOUBLE_EQ(measured->error, 0.25);
  EXPECT_NEAR(measured->floor.mean, 0.0398, 0.0025);  // Five deviations.
  EXPECT_NEAR(measured->floor.high, 0.10, 0.0101);
  EXPECT_EQ(MeasureCalibration(Named(films), options)->floor.mean, measured->floor.mean);
}

TEST(CalibrationTest, OneClassIsFitForAReliabilityCurveAndNothingIsNot) {
  EXPECT_THAT(ReliabilityCurve(Named({FilmOfProbability(true, 0.8)}), Binning::kEqualMass), IsOk());
  EXPECT_THAT(ReliabilityCurve({}, Binning::kEqualMass),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ReliabilityCurve(FourFilms(), Binning::kEqualMass, 0),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ExpectedCalibrationError({}), 0.0);
}

// By scipy 1.17's BFGS on the same loss; scikit-learn 1.9.1's _sigmoid_calibration agrees
// to 1e-8.
TEST(PlattTest, AgreesWithScipy) {
  const auto plain = FitPlattScaling(Twelve(false), 7.0 / 12.0);
  ASSERT_THAT(plain, IsOk());
  EXPECT_NEAR(plain->scale(), 0.3612902175, 1e-8);
  EXPECT_NEAR(plain->offset(), 0.3587809804, 1e-7);
  const auto weighted = FitPlattScaling(Twelve(true), 9.5 / 15.0);
  ASSERT_THAT(weighted, IsOk());
  EXPECT_NEAR(weighted->scale(), 0.4131233967, 1e-8);
  EXPECT_NEAR(weighted->offset(), 0.6440571226, 1e-7);
}

TEST(PlattTest, DoesNotDependOnTheUnitOfTheWeights) {
  auto films = Twelve(true);
  for (ScoredFilm& film : films) film.weight *= 7.0;
  const auto scaled = FitPlattScaling(films, 0.5);
  const auto unscaled = FitPlattScaling(Twelve(true), 0.5);
  ASSERT_THAT(scaled, IsOk());
  EXPECT_NEAR(scaled->scale(), unscaled->scale(), 1e-9);
  EXPECT_NEAR(scaled->offset(), unscaled->offset(), 1e-9);
}

TEST(PlattTest, AStatedPrevalenceMovesTheOffsetByItsLogOdds) {
  const auto films = Twelve(false);
  const auto as_is = FitPlattScaling(films, *PositiveShare(films));
  const auto rarer = FitPlattScaling(films, 0.1);
  ASSERT_THAT(rarer, IsOk());
  EXPECT_DOUBLE_EQ(rarer->scale(), as_is->scale());
  EXPECT_NEAR(rarer->offset() - as_is->offset(), std::log(1.0 / 9.0) - std::log(7.0 / 5.0), 1e-12);
}

TEST(PlattTest, ClassesThatSeparateGiveAFiniteScale) {
  const auto calibration =
      FitPlattScaling(Named({FilmOfLogit(false, -2.0), FilmOfLogit(false, -1.0),
                             FilmOfLogit(true, 1.0), FilmOfLogit(true, 2.0)}),
                      0.5);
  ASSERT_THAT(calibration, IsOk());
  EXPECT_GT(calibration->scale(), 0.1);
  EXPECT_LT(calibration->scale(), 10.0);
}

TEST(PlattTest, FilmsGetTheRoundedProbabilityOfTheirLogit) {
  camnode::model::v1::Calibration calibration;
  calibration.set_scale(0.5);
  calibration.set_offset(-1.0);
  auto films = Named({FilmOfLogit(true, 4.0), FilmOfLogit(true, -1000.0)});
  ApplyCalibration(calibration, &films);
  EXPECT_DOUBLE_EQ(films[0].probability, 0.7311);  // sigmoid(1) = 0.731059
  EXPECT_DOUBLE_EQ(films[1].probability, 0.0);
}

TEST(PlattTest, RefusesLogitsThatSayNothing) {
  auto backwards = Twelve(false);
  for (ScoredFilm& film : backwards) film.logit = -film.logit;
  EXPECT_THAT(FitPlattScaling(backwards, 0.5), StatusIs(absl::StatusCode::kFailedPrecondition));
  auto equal = Twelve(false);
  for (ScoredFilm& film : equal) film.logit = 1.5;
  EXPECT_THAT(FitPlattScaling(equal, 0.5), StatusIs(absl::StatusCode::kFailedPrecondition));
  for (const double prevalence : {0.0, 1.0, -1.0}) {
    EXPECT_THAT(FitPlattScaling(Twelve(false), prevalence),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prevalence")));
  }
  EXPECT_THAT(FitPlattScaling(Named({FilmOfLogit(true, 1.0)}), 0.5),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
