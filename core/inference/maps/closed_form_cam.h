// Grad-CAM without a gradient, for heads that pool and weigh.
//
// For scores = W * mean(a) + b over activations a [C, H, W], the gradient of score f
// with respect to a is W[f, c] / (H * W) at every cell, so Grad-CAM's map is the
// weighted sum of the activations: a matrix product instead of a backward pass.
//
// DenseNet's head applies a ReLU first.  Its gradient with respect to the features
// x is masked by x > 0, and the PyTorch tools average it over all cells, so the
// weight is W[f, c] / (H * W) * share(x_c > 0), on the activations after the ReLU.
// That is the definition kept here; for features that are positive everywhere both
// are the same.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_CLOSED_FORM_CAM_H_
#define CAMNODE_CORE_INFERENCE_MAPS_CLOSED_FORM_CAM_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/domain/heatmap.h"
#include "core/inference/networks/network.h"
#include "torch/torch.h"

namespace camnode {

// `activations`: float [1, C, H, W]; `weights`: [K, C], the linear layer's.  Returns
// the positive part of the map for output `finding`, 0 <= finding < K, in the
// units of its score.  May be called inside InferenceMode.
//
// Errors: kInvalidArgument (shapes that do not fit; no such finding), kInternal (a
// value is not finite).  Throws what LibTorch throws.
absl::StatusOr<Heatmap> ClosedFormCam(const torch::Tensor& activations,
                                      const torch::Tensor& weights, CamWeights kind,
                                      int64_t finding);

// [H, W] of any device -> a heatmap in memory of its own.
// Errors: kInternal (a value is not finite).
absl::StatusOr<Heatmap> ToHeatmap(const torch::Tensor& map);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_CLOSED_FORM_CAM_H_
