// Sums that can be done on paper, and scikit-learn 1.9.1's figures of the twelve films of
// scored_films.h (roc_auc_score, roc_curve, average_precision_score, log_loss,
// brier_score_loss, classification_report, with and without sample_weight).

#include "core/training/figures/score_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>

#include "tests/core/training/figures/scored_films.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;

constexpr double kExact = 1e-12;

TEST(MetricsTest, AgreeWithScikitLearn) {
  EXPECT_THAT(Auc(Twelve(false)), IsOkAndHolds(DoubleNear(0.7142857142857143, kExact)));
  EXPECT_THAT(AveragePrecision(Twelve(false)),
              IsOkAndHolds(DoubleNear(0.7853741496598639, kExact)));
  EXPECT_THAT(LogLoss(Twelve(false)), IsOkAndHolds(DoubleNear(0.6763569181136951, kExact)));
  EXPECT_THAT(BrierScore(Twelve(false)), IsOkAndHolds(DoubleNear(0.24720755833333338, kExact)));
}

TEST(MetricsTest, AgreeWithScikitLearnUnderWeights) {
  EXPECT_THAT(Auc(Twelve(true)), IsOkAndHolds(DoubleNear(0.7272727272727273, kExact)));
  EXPECT_THAT(AveragePrecision(Twelve(true)), IsOkAndHolds(DoubleNear(0.8084924463040807, kExact)));
  EXPECT_THAT(LogLoss(Twelve(true)), IsOkAndHolds(DoubleNear(0.6856478199719149, kExact)));
  EXPECT_THAT(BrierScore(Twelve(true)), IsOkAndHolds(DoubleNear(0.2523174083333333, kExact)));
}

TEST(MetricsTest, TheRocCurveTakesTiesInOneStep) {
  const auto curve = RocCurve(Twelve(false));
  ASSERT_THAT(curve, IsOk());
  const double thresholds[] = {4.0, 3.0, 2.0, 1.5, 1.0, 0.5, -0.5, -1.0, -1.5, -2.0, -3.0};
  const double fifths[] = {0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5};
  const double sevenths[] = {0, 1, 2, 2, 3, 4, 5, 6, 7, 7, 7};
  ASSERT_EQ(curve->size(), 11u);
  for (std::size_t i = 0; i < curve->size(); ++i) {
    EXPECT_DOUBLE_EQ((*curve)[i].threshold, thresholds[i]);
    EXPECT_DOUBLE_EQ((*curve)[i].false_positive_rate, fifths[i] / 5.0) << i;
    EXPECT_DOUBLE_EQ((*curve)[i].true_positive_rate, sevenths[i] / 7.0) << i;
  }
}

TEST(MetricsTest, TheAreaUnderTheRocCurveIsTheAuc) {
  const auto films = Twelve(true);
  const auto curve = RocCurve(films);
  ASSERT_THAT(curve, IsOk());
  double area = 0.0;
  for (std::size_t i = 1; i < curve->size(); ++i) {
    area += ((*curve)[i].false_positive_rate - (*curve)[i - 1].false_positive_rate) * 0.5 *
            ((*curve)[i].true_positive_rate + (*curve)[i - 1].true_positive_rate);
  }
  EXPECT_THAT(Auc(films), IsOkAndHolds(DoubleNear(area, kExact)));
}

TEST(MetricsTest, AWeightOfZeroLeavesAFilmOut) {
  auto films = Twelve(true);
  films[2].weight = 0.0;
  auto without = films;
  without.erase(without.begin() + 2);
  EXPECT_EQ(*Auc(films), *Auc(without));
  EXPECT_EQ(*AveragePrecision(films), *AveragePrecision(without));
  EXPECT_EQ(RocCurve(films)->size(), RocCurve(without)->size());
}

TEST(MetricsTest, ThePrecisionRecallCurveEndsAtTheShareOfPositives) {
  const auto curve = PrecisionRecallCurve(Twelve(false));
  ASSERT_THAT(curve, IsOk());
  ASSERT_EQ(curve->size(), 10u);
  EXPECT_DOUBLE_EQ(curve->front().recall, 1.0 / 7.0);
  EXPECT_DOUBLE_EQ(curve->front().precision, 1.0);
  EXPECT_DOUBLE_EQ(curve->back().recall, 1.0);
  EXPECT_DOUBLE_EQ(curve->back().precision, 7.0 / 12.0);
}

TEST(MetricsTest, ProbabilitiesRankAsServingRoundsThem) {
  const auto films = Named({FilmOfProbability(true, 0.50004), FilmOfProbability(false, 0.50001)});
  EXPECT_THAT(Auc(films, Score::kLogit), IsOkAndHolds(1.0));
  EXPECT_THAT(Auc(films, Score::kProbability), IsOkAndHolds(0.5));
}

TEST(MetricsTest, AVerdictIsTakenFromTheRoundedProbability) {
  EXPECT_TRUE(IsPositive(0.3, 0.3));
  EXPECT_TRUE(IsPositive(0.29995001, 0.3));
  EXPECT_FALSE(IsPositive(0.29994, 0.3));
  EXPECT_FALSE(IsPositive(0.2999, 0.29995));
}

TEST(MetricsTest, AConfusionSumsWeights) {
  const Confusion confusion = CountConfusion(Twelve(true), 0.3);
  EXPECT_DOUBLE_EQ(confusion.true_positives, 7.5);
  EXPECT_DOUBLE_EQ(confusion.false_negatives, 2.0);
  EXPECT_DOUBLE_EQ(confusion.true_negatives, 3.5);
  EXPECT_DOUBLE_EQ(confusion.false_positives, 2.0);
  EXPECT_DOUBLE_EQ(Sensitivity(confusion).value(), 7.5 / 9.5);
  EXPECT_DOUBLE_EQ(Specificity(confusion).value(), 3.5 / 5.5);
  EXPECT_DOUBLE_EQ(Accuracy(confusion).value(), 11.0 / 15.0);
  const ClassificationReport report = MakeClassificationReport(confusion);
  EXPECT_DOUBLE_EQ(report.positive.precision, 7.5 / 9.5);
  EXPECT_DOUBLE_EQ(report.negative.precision, 3.5 / 5.5);
  EXPECT_DOUBLE_EQ(F1(confusion).value(), 15.0 / 19.0);
}

TEST(MetricsTest, TheClassificationReportAgreesWithScikitLearn) {
  const ClassificationReport report = MakeClassificationReport({2.0, 1.0, 5.0, 3.0});
  // By hand: positive 2 of 3 called, 2 of 5 found; negative 5 of 8 called, 5 of 6 found.
  EXPECT_DOUBLE_EQ(report.positive.precision, 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(report.positive.recall, 0.4);
  EXPECT_DOUBLE_EQ(report.positive.f1, 0.5);
  EXPECT_DOUBLE_EQ(report.positive.support, 5.0);
  EXPECT_DOUBLE_EQ(report.negative.precision, 5.0 / 8.0);
  EXPECT_DOUBLE_EQ(report.negative.recall, 5.0 / 6.0);
  EXPECT_DOUBLE_EQ(report.negative.f1, 5.0 / 7.0);
  EXPECT_DOUBLE_EQ(report.macro.f1, 0.5 * (0.5 + 5.0 / 7.0));
  EXPECT_NEAR(report.weighted.f1, (5.0 * 0.5 + 6.0 * 5.0 / 7.0) / 11.0, kExact);
  EXPECT_DOUBLE_EQ(report.weighted.support, 11.0);
  EXPECT_DOUBLE_EQ(report.accuracy, 7.0 / 11.0);

  const ClassificationReport twelve = MakeClassificationReport(CountConfusion(Twelve(true), 0.3));
  EXPECT_NEAR(twelve.macro.precision, 0.7129186602870814, kExact);
  EXPECT_NEAR(twelve.weighted.f1, 0.7333333333333333, kExact);
}

TEST(MetricsTest, AReportOfNothingCalledPositiveIsZeroAndNotNan) {
  const ClassificationReport report = MakeClassificationReport({0.0, 0.0, 4.0, 2.0});
  EXPECT_EQ(report.positive.precision, 0.0);
  EXPECT_EQ(report.positive.recall, 0.0);
  EXPECT_EQ(report.positive.f1, 0.0);
  const ClassificationReport empty = MakeClassificationReport({});
  EXPECT_EQ(empty.weighted.f1, 0.0);
  EXPECT_EQ(empty.accuracy, 0.0);
}

TEST(MetricsTest, SharesOfNothingAreAbsent) {
  const Confusion negatives_only = CountConfusion(Named({FilmOfProbability(false, 0.2)}), 0.5);
  EXPECT_FALSE(Sensitivity(negatives_only).has_value());
  EXPECT_EQ(MakeClassificationReport(negatives_only).positive.precision, 0.0);
  EXPECT_EQ(Specificity(negatives_only), 1.0);
  EXPECT_FALSE(Accuracy({}).has_value());
  EXPECT_FALSE(F1({}).has_value());
}

TEST(MetricsTest, OneClassHasLossesButNoCurve) {
  const auto films = Named({FilmOfProbability(true, 0.5), FilmOfProbability(true, 0.25)});
  EXPECT_THAT(Auc(films), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no negative")));
  EXPECT_THAT(RocCurve(films), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(AveragePrecision(films), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(LogLoss(films), IsOkAndHolds(DoubleNear(std::log(8.0) / 2.0, kExact)));
  EXPECT_THAT(BrierScore(films), IsOkAndHolds(DoubleNear((0.25 + 0.5625) / 2.0, kExact)));
}

TEST(MetricsTest, AProbabilityOfZeroForTheTruthCostsAFiniteLoss) {
  EXPECT_THAT(LogLoss(Named({FilmOfProbability(true, 0.0)})),
              IsOkAndHolds(DoubleNear(-std::log(5e-5), kExact)));
  EXPECT_THAT(LogLoss(Named({FilmOfProbability(false, 1.0)})),
              IsOkAndHolds(DoubleNear(-std::log(5e-5), kExact)));
}

TEST(MetricsTest, RefusesFilmsWithoutAUsableScoreOrWeight) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (double ScoredFilm::*member :
       {&ScoredFilm::logit, &ScoredFilm::probability, &ScoredFilm::weight}) {
    for (const double bad : {nan, infinity}) {
      auto films = Twelve(false);
      films[3].*member = bad;
      EXPECT_THAT(Auc(films), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("film3")));
      EXPECT_THAT(LogLoss(films), StatusIs(absl::StatusCode::kInvalidArgument));
    }
  }
  auto films = Twelve(false);
  films[3].weight = -1.0;
  EXPECT_THAT(Auc(films), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("weight -1")));
  films[3] = FilmOfProbability(true, 1.5);
  EXPECT_THAT(BrierScore(films), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(LogLoss({}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
