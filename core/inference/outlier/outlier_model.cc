#include "core/inference/outlier/outlier_model.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/networks/network.h"

namespace camnode {
namespace {

bool HasOnlyPositive(const torch::Tensor& tensor) {
  return tensor.isfinite().all().item<bool>() && (tensor > 0).all().item<bool>();
}

}  // namespace

absl::StatusOr<OutlierModel> OutlierModel::Read(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const NamedTensors tensors, ReadSafetensors(path));
  const auto broken = [&path](absl::string_view what) {
    return absl::DataLossError(absl::StrCat(path, ": ", what));
  };
  for (const char* name : {"components", "mean", "residual_variance", "threshold", "variances"}) {
    if (tensors.count(name) == 0) return broken(absl::StrCat("no tensor ", name));
    if (!tensors.at(name).is_floating_point()) {
      return broken(absl::StrCat(name, " holds no floating-point numbers"));
    }
  }
  OutlierParameters p;
  p.mean = tensors.at("mean").to(torch::kFloat32).contiguous();
  p.components = tensors.at("components").to(torch::kFloat32).contiguous();
  p.variances = tensors.at("variances").to(torch::kFloat32).contiguous();
  const torch::Tensor residual = tensors.at("residual_variance").to(torch::kFloat64);
  const torch::Tensor threshold = tensors.at("threshold").to(torch::kFloat64);
  if (p.mean.dim() != 1 || p.components.dim() != 2 || p.variances.dim() != 1 ||
      p.components.size(1) != p.mean.size(0) || p.components.size(0) != p.variances.size(0) ||
      residual.numel() != 1 || threshold.numel() != 1 || p.mean.numel() == 0) {
    return broken("the tensors do not fit each other");
  }
  if (!p.mean.isfinite().all().item<bool>() || !p.components.isfinite().all().item<bool>() ||
      !HasOnlyPositive(p.variances) || !HasOnlyPositive(residual) || !HasOnlyPositive(threshold)) {
    return broken("a value is not finite or not positive");
  }
  p.residual_variance = residual.item<double>();
  p.threshold = threshold.item<double>();
  return OutlierModel(std::move(p));
}

absl::StatusOr<OutlierScore> OutlierModel::Score(const torch::Tensor& pooled) const {
  if (pooled.dim() != 1 || pooled.size(0) != p_.mean.size(0)) {
    return absl::FailedPreconditionError(absl::StrCat("the outlier model is for ", p_.mean.size(0),
                                                      " features, the network has ",
                                                      pooled.numel()));
  }
  const torch::Tensor centred = pooled.to(torch::kCPU, torch::kFloat32) - p_.mean;
  const torch::Tensor z = torch::mv(p_.components, centred);
  const torch::Tensor squares = z.square();
  const double within = (squares / p_.variances).sum().item<double>();
  const double beside =
      std::max(0.0, centred.square().sum().item<double>() - squares.sum().item<double>());
  const double dimensions = static_cast<double>(p_.mean.size(0));
  OutlierScore score;
  score.distance = std::sqrt((within + beside / p_.residual_variance) / dimensions);
  score.threshold = p_.threshold;
  return score;
}

absl::StatusOr<std::string> FormatOutlierModel(const OutlierParameters& p) {
  return FormatSafetensors({
      {"components", p.components},
      {"mean", p.mean},
      {"residual_variance", torch::tensor({static_cast<float>(p.residual_variance)})},
      {"threshold", torch::tensor({static_cast<float>(p.threshold)})},
      {"variances", p.variances},
  });
}

}  // namespace camnode
