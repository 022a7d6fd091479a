#ifndef CAMNODE_CORE_TRAINING_LOGISTIC_REGRESSION_H_
#define CAMNODE_CORE_TRAINING_LOGISTIC_REGRESSION_H_

#include <vector>

#include "absl/status/statusor.h"

namespace camnode {

// logit = intercept + sum_j coefficients[j] * (row[j] - means[j]) / deviations[j]
// Immutable; thread-safe.
struct LogisticModel {
  std::vector<double> means;       // Of each feature over the films it was fitted on.
  std::vector<double> deviations;  // Positive; 1 for a feature that was constant.
  std::vector<double> coefficients;
  double intercept = 0.0;

  // REQUIRES: a row of means.size() numbers.
  double Logit(const std::vector<double>& row) const;
};

// Logistic regression on standardised features with the penalty l2 / 2 * |coefficients|^2
// (not on the intercept) added to the sum of the films' log losses, by iteratively
// reweighted least squares (Newton's method: McCullagh and Nelder 1989, with step
// halving).  scikit-learn's LogisticRegression(C = 1 / l2) on standardised features gives
// the same numbers.
//
// `rows`: one a film, of equal lengths; `positive`: one a film.  REQUIRES: l2 > 0, which
// keeps coefficients finite where features separate the classes.
// Errors: kInvalidArgument (no row, rows of other lengths, numbers that are not finite,
// one class only, l2 not positive), kInternal (it did not converge).
absl::StatusOr<LogisticModel> FitLogisticRegression(const std::vector<std::vector<double>>& rows,
                                                    const std::vector<bool>& positive, double l2);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_LOGISTIC_REGRESSION_H_
