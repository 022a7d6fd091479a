#include "core/training/figures/logistic_regression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

LogisticProblem EightFilms(double l2) {
  LogisticProblem problem;
  problem.rows = {{0.5, 1.2}, {1.5, -0.3}, {2.5, 0.7},  {3.5, 2.2},
                  {4.5, 0.1}, {5.5, 1.9},  {6.5, -1.0}, {7.5, 0.4}};
  problem.targets = {0, 0, 1, 0, 1, 1, 0, 1};
  problem.l2 = l2;
  return problem;
}

// scikit-learn 1.9.1: LogisticRegression(C = 1 / l2, solver="newton-cholesky", tol=1e-14)
// on (X - X.mean(0)) / X.std(0).
TEST(LogisticRegressionTest, AgreesWithScikitLearn) {
  const auto model = FitLogisticRegression(EightFilms(1.0));
  ASSERT_THAT(model, IsOk());
  EXPECT_NEAR(model->means[0], 4.0, 1e-12);
  EXPECT_NEAR(model->deviations[1], 1.01612007, 1e-8);
  EXPECT_NEAR(model->intercept, -0.0029073708396298147, 1e-9);
  EXPECT_NEAR(model->coefficients[0], 0.6377063754669973, 1e-9);
  EXPECT_NEAR(model->coefficients[1], 0.2554586410185891, 1e-9);
  const auto stronger = FitLogisticRegression(EightFilms(10.0));
  EXPECT_NEAR(stronger->coefficients[0], 0.1471120795869691, 1e-9);
}

// Without features the best intercept is the log odds of the weighted mean target.
TEST(LogisticRegressionTest, TheInterceptIsNotPenalised) {
  LogisticProblem problem;
  problem.rows.assign(3, {});
  problem.targets = {1.0, 0.0, 0.5};
  problem.weights = {3.0, 1.0, 2.0};
  problem.l2 = 100.0;
  const auto model = FitLogisticRegression(problem);
  ASSERT_THAT(model, IsOk());
  EXPECT_NEAR(model->intercept, std::log(4.0 / 2.0), 1e-9);
  EXPECT_NEAR(model->Logit({}), std::log(2.0), 1e-9);
}

TEST(LogisticRegressionTest, AWeightOfTwoIsTheFilmTwice) {
  LogisticProblem weighted = EightFilms(1.0);
  weighted.weights = {1, 1, 2, 1, 1, 1, 1, 0};
  LogisticProblem repeated = EightFilms(1.0);
  repeated.rows[7] = repeated.rows[2];
  repeated.targets[7] = repeated.targets[2];
  const auto a = FitLogisticRegression(weighted);
  const auto b = FitLogisticRegression(repeated);
  ASSERT_THAT(a, IsOk());
  ASSERT_THAT(b, IsOk());
  EXPECT_NEAR(a->Logit({2.0, 1.0}), b->Logit({2.0, 1.0}), 1e-9);
}

TEST(LogisticRegressionTest, AConstantFeatureCountsForNothing) {
  LogisticProblem with = EightFilms(1.0);
  for (auto& row : with.rows) row.push_back(0.1);
  const auto model = FitLogisticRegression(with);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->coefficients[2], 0.0);
  EXPECT_EQ(model->deviations[2], 1.0);
  EXPECT_NEAR(model->coefficients[0], 0.6377063754669973, 1e-9);
}

TEST(LogisticRegressionTest, ThePenaltyKeepsSeparableFilmsFinite) {
  LogisticProblem problem;
  problem.rows = {{-2e6}, {-1e6}, {1e6}, {2e6}};
  problem.targets = {0, 0, 1, 1};
  const auto model = FitLogisticRegression(problem);
  ASSERT_THAT(model, IsOk());
  EXPECT_GT(model->coefficients[0], 0.5);
  EXPECT_LT(model->coefficients[0], 5.0);
}

TEST(LogisticRegressionTest, RefusesWhatCannotBeFitted) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FitLogisticRegression({}), refused);
  LogisticProblem problem = EightFilms(1.0);
  problem.rows[3].push_back(1.0);
  EXPECT_THAT(FitLogisticRegression(problem), refused);
  problem = EightFilms(1.0);
  problem.rows[3][0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(FitLogisticRegression(problem), refused);
  problem = EightFilms(1.0);
  problem.targets.assign(8, 1.0);
  EXPECT_THAT(FitLogisticRegression(problem), refused);
  problem = EightFilms(1.0);
  problem.targets[0] = 1.5;
  EXPECT_THAT(FitLogisticRegression(problem), refused);
  problem = EightFilms(1.0);
  problem.weights = {1.0};
  EXPECT_THAT(FitLogisticRegression(problem), refused);
  EXPECT_THAT(FitLogisticRegression(EightFilms(-1.0)), refused);
}

}  // namespace
}  // namespace camnode
