#include "core/inference/maps/gradient_cam.h"

#include <exception>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/inference/device/device.h"
#include "core/inference/maps/cam_method.h"
#include "core/inference/maps/closed_form_cam.h"
#include "core/inference/maps/gradient_maps.h"

namespace camnode {
namespace {

absl::StatusOr<Heatmap> Differentiate(const torch::Tensor& features,
                                      const torch::Tensor& activations, ClassifierHead head,
                                      int64_t finding) {
  // Autograd records nothing in an InferenceMode scope and rejects tensors made
  // in one, so step outside and take a private copy.
  const c10::InferenceMode normal_mode(false);
  const torch::AutoGradMode record(true);
  const torch::Tensor leaf = features.clone().detach().requires_grad_(true);

  // A second copy, because a head may work in place.
  const torch::Tensor scores = head(leaf.clone());
  if (scores.dim() != 2 || scores.size(0) != 1 || finding < 0 || finding >= scores.size(1)) {
    return absl::InvalidArgumentError(absl::StrCat("no score for finding ", finding));
  }
  const torch::Tensor score = scores[0][finding];
  if (!score.requires_grad()) {
    return absl::FailedPreconditionError("score does not depend on features");
  }
  const torch::Tensor gradient =
      torch::autograd::grad({score}, {leaf}, /*grad_outputs=*/{}, /*retain_graph=*/false,
                            /*create_graph=*/false, /*allow_unused=*/true)[0];
  if (!gradient.defined()) {
    return absl::FailedPreconditionError("score does not depend on features");
  }
  if (!gradient.isfinite().all().item<bool>()) {
    return absl::InternalError("gradient is not finite");
  }
  return ToHeatmap(GradientMap(CamMethod::kGradCam, activations, gradient).relu());
}

}  // namespace

absl::StatusOr<Heatmap> GradientCam(const torch::Tensor& features, const torch::Tensor& activations,
                                    ClassifierHead head, int64_t finding) {
  if (features.dim() != 4 || features.size(0) != 1 || !features.is_floating_point()) {
    return absl::InvalidArgumentError("features must be float [1, C, H, W]");
  }
  if (activations.sizes() != features.sizes()) {
    return absl::InvalidArgumentError("activations must have the shape of features");
  }
  try {
    return Differentiate(features, activations, head, finding);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

}  // namespace camnode
