#include "core/training/figures/logistic_regression.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <opencv2/core.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kMaxHalvings = 40;
// Of the objective, which is a sum over the films: relative to their weight.
constexpr double kTolerance = 1e-13;

bool AllFinite(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

absl::Status Check(const LogisticProblem& problem) {
  const std::size_t films = problem.rows.size();
  if (films == 0 || problem.targets.size() != films ||
      (!problem.weights.empty() && problem.weights.size() != films)) {
    return absl::InvalidArgumentError(absl::StrCat(films, " rows, ", problem.targets.size(),
                                                   " targets, ", problem.weights.size(),
                                                   " weights"));
  }
  double least = 1.0;
  double most = 0.0;
  for (std::size_t i = 0; i < films; ++i) {
    if (problem.rows[i].size() != problem.rows[0].size() || !AllFinite(problem.rows[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("row ", i, " is of another length or not finite"));
    }
    const double weight = problem.weights.empty() ? 1.0 : problem.weights[i];
    if (!(problem.targets[i] >= 0.0 && problem.targets[i] <= 1.0) || !(weight >= 0.0) ||
        !std::isfinite(weight)) {
      return absl::InvalidArgumentError(absl::StrCat("target or weight of row ", i));
    }
    if (weight > 0.0) {
      least = std::min(least, problem.targets[i]);
      most = std::max(most, problem.targets[i]);
    }
  }
  if (most <= 0.0 || least >= 1.0) return absl::InvalidArgumentError("only one class");
  if (!(problem.l2 >= 0.0) || !std::isfinite(problem.l2)) {
    return absl::InvalidArgumentError(absl::StrCat("penalty ", problem.l2));
  }
  return absl::OkStatus();
}

// log(1 + e^z) without overflow.
double Softplus(double z) { return std::max(z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

double Sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

// The problem over standardised features, column 0 being the intercept's constant 1.
class Objective {
 public:
  explicit Objective(const LogisticProblem& problem, LogisticModel* model)
      : films_(static_cast<int>(problem.rows.size())),
        features_(static_cast<int>(problem.rows[0].size())),
        targets_(problem.targets),
        weights_(problem.weights.empty() ? std::vector<double>(problem.rows.size(), 1.0)
                                         : problem.weights),
        l2_(problem.l2),
        rows_(films_, features_ + 1, 1.0) {
    for (const double weight : weights_) total_weight_ += weight;
    for (int j = 0; j < features_; ++j) Standardise(problem, j, model);
  }

  double total_weight() const { return total_weight_; }

  // sum w (log(1 + e^z) - t z) + l2 / 2 |beta|^2, z = row beta: the weighted log loss of
  // targets t, and the penalty, which spares the intercept.
  double At(const cv::Mat1d& beta) const {
    double sum = 0.0;
    for (int i = 0; i < films_; ++i) {
      const double z = Dot(i, beta);
      sum += weights_[i] * (Softplus(z) - targets_[i] * z);
    }
    for (int j = 1; j <= features_; ++j) sum += 0.5 * l2_ * beta(j) * beta(j);
    return sum;
  }

  // Newton's step at `beta`, H^-1 g: to be taken away from it.  With p = sigmoid(z),
  //   g = sum w (p - t) row + l2 beta,  H = sum w p (1 - p) row row' + l2,
  // which Cholesky solves.  False: the curvature vanished.
  bool Step(const cv::Mat1d& beta, cv::Mat1d* step) const {
    const int size = features_ + 1;
    cv::Mat1d gradient(size, 1, 0.0);
    cv::Mat1d curvature(size, size, 0.0);
    for (int i = 0; i < films_; ++i) {
      const double p = Sigmoid(Dot(i, beta));
      const double slope = weights_[i] * (p - targets_[i]);
      const double bend = weights_[i] * p * (1.0 - p);
      const double* row = rows_[i];
      for (int j = 0; j < size; ++j) {
        gradient(j) += slope * row[j];
        for (int k = 0; k <= j; ++k) curvature(j, k) += bend * row[j] * row[k];
      }
    }
    for (int j = 0; j < size; ++j) {
      if (j > 0) {
        gradient(j) += l2_ * beta(j);
        curvature(j, j) += l2_;
      }
      // A constant feature has none of its own (as Lin, Lin and Weng 2007 keep theirs
      // definite).
      curvature(j, j) += 1e-12 * total_weight_;
    }
    cv::completeSymm(curvature, /*lowerToUpper=*/true);
    return cv::solve(curvature, gradient, *step, cv::DECOMP_CHOLESKY) && cv::checkRange(*step);
  }

 private:
  // (x - mean) / deviation, weighted, so that one penalty suits all features.
  void Standardise(const LogisticProblem& problem, int feature, LogisticModel* model) {
    double mean = 0.0;
    for (int i = 0; i < films_; ++i) mean += weights_[i] * problem.rows[i][feature];
    mean /= total_weight_;
    double square = 0.0;
    for (int i = 0; i < films_; ++i) {
      const double distance = problem.rows[i][feature] - mean;
      square += weights_[i] * distance * distance;
    }
    const double deviation = std::sqrt(square / total_weight_);
    // What is left of a constant after rounding is no deviation.
    const bool varies = deviation > 1e-12 * std::max(1.0, std::abs(mean));
    model->means.push_back(mean);
    model->deviations.push_back(varies ? deviation : 1.0);
    for (int i = 0; i < films_; ++i) {
      rows_(i, feature + 1) = varies ? (problem.rows[i][feature] - mean) / deviation : 0.0;
    }
  }

  double Dot(int film, const cv::Mat1d& beta) const {
    const double* row = rows_[film];
    double sum = 0.0;
    for (int j = 0; j <= features_; ++j) sum += row[j] * beta(j);
    return sum;
  }

  int films_;
  int features_;
  std::vector<double> targets_;
  std::vector<double> weights_;
  double l2_;
  cv::Mat1d rows_;
  double total_weight_ = 0.0;
};

// Newton's steps, each halved until the objective does not rise: it is convex, so what they end
// at is its minimum.
absl::StatusOr<cv::Mat1d> Minimise(const Objective& objective, int size) {
  cv::Mat1d beta(size, 1, 0.0);
  double value = objective.At(beta);
  for (int i = 0; i < kMaxSteps; ++i) {
    cv::Mat1d step;
    if (!objective.Step(beta, &step)) break;
    double next_value = 0.0;
    cv::Mat1d next;
    for (int halving = 0; halving <= kMaxHalvings; ++halving, step *= 0.5) {
      next = beta - step;
      next_value = objective.At(next);
      if (next_value <= value) break;
    }
    if (!(next_value <= value)) return beta;  // As low as the arithmetic gets.
    const double gain = value - next_value;
    beta = next;
    value = next_value;
    if (gain <= kTolerance * objective.total_weight()) return beta;
  }
  return absl::InternalError("logistic regression did not converge");
}

}  // namespace

double LogisticModel::Logit(const std::vector<double>& row) const {
  double logit = intercept;
  for (std::size_t j = 0; j < means.size(); ++j) {
    logit += coefficients[j] * (row[j] - means[j]) / deviations[j];
  }
  return logit;
}

absl::StatusOr<LogisticModel> FitLogisticRegression(const LogisticProblem& problem) {
  CAMNODE_RETURN_IF_ERROR(Check(problem));
  LogisticModel model;
  const Objective objective(problem, &model);
  const int features = static_cast<int>(problem.rows[0].size());
  CAMNODE_ASSIGN_OR_RETURN(const cv::Mat1d beta, Minimise(objective, features + 1));
  model.intercept = beta(0);
  for (int j = 1; j <= features; ++j) model.coefficients.push_back(beta(j));
  return model;
}

}  // namespace camnode
