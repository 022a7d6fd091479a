// Maps of a few cells, so that every overlap, distance and rank can be counted.
// Also: map_comparison, resample.

#include "core/inference/maps/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/core.hpp>

namespace camnode {
namespace {

using ::testing::HasSubstr;

ModelResult Result(const cv::Mat1f& values, cv::Size film = {100, 100}) {
  ModelResult result;
  result.heatmap.values = values;
  double peak = 0.0;
  cv::minMaxIdx(values, nullptr, &peak);
  result.heatmap.peak = static_cast<float>(peak);
  result.placement.film = film;
  result.placement.region = cv::Rect2d(0, 0, film.width, film.height);
  return result;
}

cv::Mat1f TwoByTwo(float a, float b, float c, float d) { return (cv::Mat1f(2, 2) << a, b, c, d); }

TEST(AgreementTest, IsCompleteForEqualMapsWhateverTheirStrength) {
  const Agreement agreement =
      ComputeAgreement({Result(TwoByTwo(8, 4, 2, 1)), Result(TwoByTwo(80, 40, 20, 10)),
                        Result(TwoByTwo(0.8f, 0.4f, 0.2f, 0.1f))});
  EXPECT_EQ(agreement.models, 3);
  EXPECT_DOUBLE_EQ(agreement.overlap, 1.0);
  EXPECT_NEAR(agreement.distance, 0.0, 1e-9);
  EXPECT_NEAR(agreement.correlation, 1.0, 1e-9);
  EXPECT_FALSE(agreement.percentiles.has_value());
  EXPECT_EQ(agreement.sentence,
            "The three models used areas that overlap by 1.00; what chance gives is not known.");
}

TEST(AgreementTest, ComparesTheFewestCellsThatHoldHalfOfEachMap) {
  // Half of {6, 4, 2, 0} lies in its first cell; half of {4, 6, 2, 0} in its second.
  // Half of {4, 4, 2, 2} needs its first two.
  const ModelResult first = Result(TwoByTwo(6, 4, 2, 0));
  const ModelResult second = Result(TwoByTwo(4, 6, 2, 0));
  const ModelResult both = Result(TwoByTwo(4, 4, 2, 2));
  EXPECT_DOUBLE_EQ(ComputeAgreement({first, second}).overlap, 0.0);
  EXPECT_DOUBLE_EQ(ComputeAgreement({first, both}).overlap, 0.5);
  EXPECT_DOUBLE_EQ(ComputeAgreement({first, second, both}).overlap, 1.0 / 3.0);
}

TEST(AgreementTest, MeasuresTheDistanceOfCentresInFilmWidths) {
  const ModelResult left = Result(TwoByTwo(1, 0, 1, 0));
  const ModelResult right = Result(TwoByTwo(0, 1, 0, 1));
  EXPECT_NEAR(ComputeAgreement({left, right}).distance, 0.5, 1e-9);

  // On a film twice as high as wide, half of its height is one width.
  const cv::Size tall(100, 200);
  const ModelResult top = Result(TwoByTwo(1, 1, 0, 0), tall);
  const ModelResult bottom = Result(TwoByTwo(0, 0, 1, 1), tall);
  EXPECT_NEAR(ComputeAgreement({top, bottom}).distance, 1.0, 1e-9);
}

TEST(AgreementTest, CorrelatesRanksAndSharesThemAmongEqualCells) {
  const ModelResult rising = Result(TwoByTwo(1, 2, 3, 4));
  EXPECT_NEAR(ComputeAgreement({rising, Result(TwoByTwo(10, 20, 30, 4000))}).correlation, 1.0,
              1e-9);
  EXPECT_NEAR(ComputeAgreement({rising, Result(TwoByTwo(4, 3, 2, 1))}).correlation, -1.0, 1e-9);
  // Ranks 1, 2, 3, 4 against 1.5, 1.5, 3.5, 3.5: 4 / sqrt(5 * 4).
  EXPECT_NEAR(ComputeAgreement({rising, Result(TwoByTwo(0, 0, 7, 7))}).correlation,
              4.0 / std::sqrt(20.0), 1e-9);
  // All cells equal: no ranking to compare.
  EXPECT_EQ(ComputeAgreement({rising, Result(TwoByTwo(1, 1, 1, 1))}).correlation, 0.0);
}

TEST(AgreementTest, BringsMapsOfDifferentGridsToTheLargerOne) {
  const cv::Mat1f fine = (cv::Mat1f(1, 4) << 0, 1, 3, 4);
  const cv::Mat1f coarse = (cv::Mat1f(1, 2) << 0, 4);  // 0, 1, 3, 4 on four cells.
  const Agreement agreement = ComputeAgreement({Result(fine), Result(coarse)});
  EXPECT_NEAR(agreement.correlation, 1.0, 1e-9);
  EXPECT_NEAR(agreement.distance, 0.0, 1e-6);
  EXPECT_DOUBLE_EQ(agreement.overlap, 1.0);
}

TEST(AgreementTest, LeavesOutMapsWithoutEvidenceAndSaysSo) {
  const ModelResult some = Result(TwoByTwo(1, 0, 0, 0));
  const ModelResult none = Result(TwoByTwo(0, 0, 0, 0));
  const Agreement two = ComputeAgreement({some, none, some});
  EXPECT_EQ(two.models, 2);
  EXPECT_EQ(two.sentence,
            "The two of three models that found evidence used areas that overlap by 1.00; what "
            "chance gives is not known.");

  const Agreement one = ComputeAgreement({some, none});
  EXPECT_EQ(one.models, 1);
  EXPECT_THAT(one.sentence, HasSubstr("Only one model found evidence"));
  EXPECT_THAT(ComputeAgreement({none, none}).sentence, HasSubstr("No model found evidence"));
  EXPECT_THAT(ComputeAgreement({some}).sentence, HasSubstr("Only one model ran"));
  EXPECT_EQ(ComputeAgreement({}).models, 0);
}

// Quantiles of chance that rise by 0.01 from 0 in overlap and distance, from -1 in
// correlation, for the models at these positions.
AgreementNull Chance(const std::vector<int>& models) {
  AgreementNull null;
  auto& distribution = *null.add_distributions();
  for (const int model : models) distribution.add_models(model);
  for (int i = 0; i < kAgreementQuantiles; ++i) {
    distribution.add_overlap(i / 100.0);
    distribution.add_distance(i / 100.0);
    distribution.add_correlation(i / 50.0 - 1.0);
  }
  return null;
}

TEST(AgreementTest, ComparesWithChanceAndSaysSoInOneSentence) {
  const AgreementNull null = Chance({0, 1});
  const ModelResult rising = Result(TwoByTwo(1, 2, 3, 4));

  const Agreement same = ComputeAgreement({rising, rising}, &null);
  ASSERT_TRUE(same.percentiles.has_value());
  EXPECT_NEAR(same.percentiles->overlap, 100.0, 1e-9);
  EXPECT_NEAR(same.percentiles->distance, 100.0, 1e-9);
  EXPECT_NEAR(same.percentiles->correlation, 100.0, 1e-9);
  EXPECT_EQ(same.sentence,
            "The two models used the same area: their maps are closer than 100 % of maps of "
            "different films.");

  // Regions {2, 3} and {3}: overlap a half.  Centres (0.6, 0.7) and (0.75, 0.7) apart by
  // 0.15.  Ranks 1, 2, 3, 4 and 1, 3, 2, 4: correlation 0.8.
  const Agreement partly = ComputeAgreement({rising, Result(TwoByTwo(1, 3, 2, 7))}, &null);
  ASSERT_TRUE(partly.percentiles.has_value());
  EXPECT_NEAR(partly.overlap, 0.5, 1e-9);
  EXPECT_NEAR(partly.percentiles->overlap, 50.0, 1e-6);
  EXPECT_NEAR(partly.percentiles->distance, 100.0 * (1.0 - partly.distance), 1e-4);
  EXPECT_NEAR(partly.percentiles->correlation, 90.0, 1e-6);
  EXPECT_THAT(partly.sentence, HasSubstr("used partly the same area: their maps are closer than "));

  const Agreement different = ComputeAgreement({rising, Result(TwoByTwo(9, 1, 1, 1))}, &null);
  EXPECT_THAT(different.sentence, HasSubstr("different areas: their maps are closer than only"));
}

TEST(AgreementTest, ComparesWithChanceOfThoseModelsThatFoundEvidence) {
  const ModelResult some = Result(TwoByTwo(1, 2, 3, 4));
  const ModelResult none = Result(TwoByTwo(0, 0, 0, 0));
  const AgreementNull of_outer = Chance({0, 2});
  EXPECT_TRUE(ComputeAgreement({some, none, some}, &of_outer).percentiles.has_value());
  EXPECT_FALSE(ComputeAgreement({some, some, none}, &of_outer).percentiles.has_value());
  EXPECT_FALSE(ComputeAgreement({some, some, some}, &of_outer).percentiles.has_value());
}

// A film twice as high as wide, letterboxed: it fills the middle half of the square.
Placement Letterboxed() {
  Placement placement;
  placement.film = {100, 200};
  placement.region = cv::Rect2d(-50, 0, 200, 200);
  return placement;
}

TEST(AgreementTest, SquashedAndLetterboxedMapsOfOneFilmMeetOnTheFilm) {
  // Both say: the film's lower right quarter.
  ModelResult squashed = Result(TwoByTwo(0, 0, 0, 1), {100, 200});
  ModelResult letterboxed = Result((cv::Mat1f(4, 4) << 0, 0, 0, 0,  //
                                    0, 0, 0, 0,                     //
                                    0, 0, 1, 0,                     //
                                    0, 0, 1, 0));
  letterboxed.placement = Letterboxed();
  const Agreement agreement = ComputeAgreement({squashed, letterboxed});
  EXPECT_EQ(agreement.models, 2);
  EXPECT_GE(agreement.overlap, 0.5);
  EXPECT_LT(agreement.distance, 0.2);
  EXPECT_GT(agreement.correlation, 0.7);

  // Read as if it were squashed, the other map would say the same as this one.
  ModelResult upper_left = Result(TwoByTwo(1, 0, 0, 0), {100, 200});
  EXPECT_EQ(ComputeAgreement({upper_left, letterboxed}).overlap, 0.0);
}

TEST(AgreementTest, LeavesOutWhatALetterboxHoldsBesideTheFilm) {
  ModelResult on_borders = Result((cv::Mat1f(2, 4) << 5, 0, 0, 5, 5, 0, 0, 5));
  on_borders.placement.film = {10, 200};
  on_borders.placement.region = cv::Rect2d(-95, 0, 200, 200);
  const ModelResult some = Result(TwoByTwo(1, 2, 3, 4), {10, 200});
  EXPECT_EQ(ComputeAgreement({some, on_borders}).models, 1);
}

TEST(AgreementTest, AMapOfOneCellSaysNothingOfWhere) {
  const ModelResult one_cell = Result(cv::Mat1f(1, 1, 3.0f));
  const ModelResult some = Result(TwoByTwo(1, 2, 3, 4));
  EXPECT_EQ(ComputeAgreement({one_cell, some}).models, 1);
  EXPECT_EQ(ComputeAgreement({one_cell, one_cell}).models, 0);
}

}  // namespace
}  // namespace camnode
