#include "core/inference/maps/closed_form_cam.h"

#include "absl/status/status.h"

namespace camnode {

absl::StatusOr<Heatmap> ToHeatmap(const torch::Tensor& map) {
  const torch::Tensor host = map.to(torch::kCPU, torch::kFloat32).contiguous();
  if (!host.isfinite().all().item<bool>()) {
    return absl::InternalError("the class activation map is not finite");
  }
  Heatmap heatmap;
  heatmap.values = cv::Mat1f(static_cast<int>(host.size(0)), static_cast<int>(host.size(1)),
                             host.data_ptr<float>())
                       .clone();
  heatmap.peak = host.max().item<float>();
  return heatmap;
}

// max(0, sum_c alpha_c a_c), alpha_c = W[f, c] / (H W), times share(a_c > 0) if masked.
absl::StatusOr<Heatmap> ClosedFormCam(const torch::Tensor& activations,
                                      const torch::Tensor& weights, CamWeights kind,
                                      int64_t finding) {
  if (activations.dim() != 4 || activations.size(0) != 1 || weights.dim() != 2 ||
      weights.size(1) != activations.size(1)) {
    return absl::InvalidArgumentError("activations must be [1, C, H, W] and weights [K, C]");
  }
  if (finding < 0 || finding >= weights.size(0)) {
    return absl::InvalidArgumentError("no such finding");
  }
  const torch::Tensor channels = activations.squeeze(0).flatten(1);  // [C, H * W]
  const double cells = static_cast<double>(channels.size(1));
  torch::Tensor alpha = weights[finding] / cells;
  if (kind == CamWeights::kMaskedByActivation) {
    alpha = alpha * (channels > 0).to(channels.scalar_type()).mean(1);
  }
  const torch::Tensor map = torch::mv(channels.t(), alpha).relu();
  return ToHeatmap(map.view({activations.size(2), activations.size(3)}));
}

}  // namespace camnode
