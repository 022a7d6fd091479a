#include "core/inference/outlier/outlier_fit.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>

#include "absl/status/status.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/inference/device/device.h"
#include "core/inference/outlier/outlier_model.h"

namespace camnode {
namespace {

// Far below any variance of a network's features.
constexpr double kLeastVariance = 1e-12;

absl::StatusOr<torch::Tensor> AsMatrix(const std::vector<std::vector<float>>& features) {
  if (features.empty()) return absl::InvalidArgumentError("there are no films");
  const size_t width = features[0].size();
  std::vector<float> all;
  for (const std::vector<float>& row : features) {
    if (row.size() != width) {
      return absl::InvalidArgumentError("films have different numbers of features");
    }
    all.insert(all.end(), row.begin(), row.end());
  }
  torch::Tensor matrix =
      torch::tensor(all).view({static_cast<int64_t>(features.size()), static_cast<int64_t>(width)});
  if (!matrix.isfinite().all().item<bool>()) {
    return absl::InvalidArgumentError("a feature is not finite");
  }
  return matrix;
}

// `rows`: raw features.  REQUIRES: components < rows and features.
OutlierParameters FitGaussian(const torch::Tensor& rows, int components) {
  const torch::Tensor x = rows.to(torch::kFloat64);
  const torch::Tensor mean = x.mean(0);
  const torch::Tensor centred = x - mean;
  const torch::Tensor covariance =
      centred.t().matmul(centred) / static_cast<double>(std::max<int64_t>(1, x.size(0) - 1));
  const auto [values, vectors] = torch::linalg_eigh(covariance);  // Ascending.
  const int64_t rest = x.size(1) - components;
  OutlierParameters p;
  p.mean = mean.to(torch::kFloat32);
  p.components = vectors.slice(1, rest).t().contiguous().to(torch::kFloat32);
  p.variances = values.slice(0, rest).clamp_min(kLeastVariance).to(torch::kFloat32).contiguous();
  p.residual_variance =
      std::max(kLeastVariance, values.slice(0, 0, rest).clamp_min(0).mean().item<double>());
  return p;
}

int FoldOf(const std::string& group, int folds) {
  return static_cast<int>(std::stoul(Sha256Hex(group).substr(0, 7), nullptr, 16) %
                          static_cast<unsigned long>(folds));
}

absl::StatusOr<std::vector<double>> HeldOutDistances(const torch::Tensor& rows,
                                                     const std::vector<std::string>& groups,
                                                     const OutlierFitOptions& options) {
  std::vector<double> distances;
  for (int fold = 0; fold < options.folds; ++fold) {
    std::vector<int64_t> fitted;
    std::vector<int64_t> held_out;
    for (size_t i = 0; i < groups.size(); ++i) {
      const bool held = FoldOf(groups[i], options.folds) == fold;
      (held ? held_out : fitted).push_back(static_cast<int64_t>(i));
    }
    if (held_out.empty()) continue;
    if (static_cast<int64_t>(fitted.size()) <= options.components) {
      return absl::InvalidArgumentError("too few films outside a fold");
    }
    const OutlierModel model(
        FitGaussian(rows.index_select(0, torch::tensor(fitted)), options.components));
    for (const int64_t row : held_out) {
      CAMNODE_ASSIGN_OR_RETURN(const OutlierScore score, model.Score(rows[row]));
      distances.push_back(score.distance);
    }
  }
  std::sort(distances.begin(), distances.end());
  return distances;
}

// The value at or below which `percent` of the sorted values lie (nearest rank).
double Percentile(const std::vector<double>& sorted, double percent) {
  const double rank = std::ceil(static_cast<double>(sorted.size()) * percent / 100.0);
  const double last = static_cast<double>(sorted.size());
  return sorted[static_cast<size_t>(std::min(last, std::max(1.0, rank)) - 1)];
}

}  // namespace

absl::StatusOr<OutlierFit> FitOutlierModel(const std::vector<std::vector<float>>& features,
                                           const std::vector<std::string>& groups,
                                           const OutlierFitOptions& options) {
  if (groups.size() != features.size()) {
    return absl::InvalidArgumentError("there must be as many groups as films");
  }
  if (options.components < 1 || options.folds < 2 || options.percentile <= 0.0 ||
      options.percentile > 100.0) {
    return absl::InvalidArgumentError(
        "needed: 1 component or more, 2 folds or more, a percentile up to 100");
  }
  try {
    const torch::NoGradGuard no_gradient;
    CAMNODE_ASSIGN_OR_RETURN(const torch::Tensor rows, AsMatrix(features));
    if (rows.size(0) <= options.components || rows.size(1) <= options.components) {
      return absl::InvalidArgumentError("needed: more films and more features than components");
    }
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<double> distances,
                             HeldOutDistances(rows, groups, options));
    OutlierParameters parameters = FitGaussian(rows, options.components);
    parameters.threshold = Percentile(distances, options.percentile);
    OutlierFit fit;
    CAMNODE_ASSIGN_OR_RETURN(fit.bytes, FormatOutlierModel(parameters));
    fit.threshold = parameters.threshold;
    fit.median = Percentile(distances, 50.0);
    fit.largest = distances.back();
    return fit;
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

}  // namespace camnode
