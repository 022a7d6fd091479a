// Maps of a few cells, so that every overlap, distance and rank can be counted.

#include "core/inference/agreement.h"

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
  EXPECT_EQ(agreement.sentence, "The three models used the same area (overlap 1.00).");
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
            "The two of three models that found evidence used the same area (overlap 1.00).");

  const Agreement one = ComputeAgreement({some, none});
  EXPECT_EQ(one.models, 1);
  EXPECT_THAT(one.sentence, HasSubstr("Only one model found evidence"));
  EXPECT_THAT(ComputeAgreement({none, none}).sentence, HasSubstr("No model found evidence"));
  EXPECT_THAT(ComputeAgreement({some}).sentence, HasSubstr("Only one model ran"));
  EXPECT_EQ(ComputeAgreement({}).models, 0);
}

TEST(AgreementTest, SaysSoWhenModelsUsedDifferentOrPartlyTheSameAreas) {
  const ModelResult first = Result(TwoByTwo(6, 4, 2, 0));
  EXPECT_EQ(ComputeAgreement({first, Result(TwoByTwo(0, 0, 1, 9))}).sentence,
            "The two models used different areas (overlap 0.00).");
  // Regions {0, 1, 2} and {0}: a third.
  EXPECT_EQ(ComputeAgreement({Result((cv::Mat1f(1, 5) << 2, 2, 2, 2, 2)),
                              Result((cv::Mat1f(1, 5) << 9, 0, 0, 0, 0))})
                .sentence,
            "The two models used partly the same area (overlap 0.33).");
}

}  // namespace
}  // namespace camnode
