// Logistic regression over a few features: for Platt scaling and the shortcut baseline.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_LOGISTIC_REGRESSION_H_
#define CAMNODE_CORE_TRAINING_FIGURES_LOGISTIC_REGRESSION_H_

#include <vector>

#include "absl/status/statusor.h"

namespace camnode {

// logit = intercept + sum_j coefficients[j] * (row[j] - means[j]) / deviations[j]
struct LogisticModel {
  std::vector<double> means;       // Of each feature over the films it was fitted on.
  std::vector<double> deviations;  // Positive; 1 for a feature that was constant.
  std::vector<double> coefficients;
  double intercept = 0.0;

  // REQUIRES: a row of means.size() numbers.
  double Logit(const std::vector<double>& row) const;
};

struct LogisticProblem {
  std::vector<std::vector<double>> rows;  // One a film, of equal lengths.
  std::vector<double> targets;            // One a film, 0 to 1: how positive it is.
  std::vector<double> weights;            // One a film, none negative; empty: 1 each.
  // Of the penalty l2 / 2 * |coefficients|^2, which spares the intercept.  Above 0 where
  // features may separate targets of 0 from targets of 1, or coefficients have no end.
  double l2 = 1.0;
};

// Makes the sum of the films' log losses, with the penalty, smallest over standardised
// features (weighted mean 0 and deviation 1), by Newton's method with step halving, the
// iteratively reweighted least squares of McCullagh and Nelder 1989.  scikit-learn's
// LogisticRegression with C = 1 / l2 on standardised features gives the same numbers.
//
// Thread-safe.
// Errors: kInvalidArgument (no row, rows of other lengths, numbers that are not finite or
// out of range, all targets of positive weight equal 0 or equal 1), kInternal (it did not
// converge: separable without a penalty).
absl::StatusOr<LogisticModel> FitLogisticRegression(const LogisticProblem& problem);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_LOGISTIC_REGRESSION_H_
