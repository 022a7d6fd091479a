// Grad-CAM by a backward pass: which parts of the film argued for a finding?
//
// Selvaraju et al. (ICCV 2017) weight every channel of the last convolutional
// layer by the mean gradient of the finding's score with respect to that channel,
// sum the channels, and keep what is positive.  This works for any head; heads
// that pool and weigh need no gradient at all (closed_form_cam.h), and are tested
// against this one.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_GRADIENT_CAM_H_
#define CAMNODE_CORE_INFERENCE_MAPS_GRADIENT_CAM_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "core/domain/heatmap.h"
#include "torch/torch.h"

namespace camnode {

// Maps features [1, C, H, W] to scores [1, K], one per finding.  May work in
// place: it is given a copy.
using ClassifierHead = absl::FunctionRef<torch::Tensor(const torch::Tensor&)>;

// The map of finding number `finding`, 0 <= finding < K, in units of its score: the
// gradient is taken with respect to `features` and weighs `activations`, which has
// the same shape (for most networks it is `features`; see Network::Activations).
//
// Runs the head once forward and once backward; the feature extractor, where
// nearly all the time goes, is not run again.  Borrows its arguments for the
// length of the call and leaves them as it found them.
//
// The caller may be inside an InferenceMode scope, and the features may have been
// made in one.  The head's weights may not: a model loaded inside InferenceMode can
// classify but never explain itself (kInternal).
//
// Safe to call from several threads at once if `head` is.
//
// Errors:
//   kInvalidArgument     `features` is not a float tensor [1, C, H, W], or
//                        `activations` has another shape, or the head gives no
//                        score for `finding`.
//   kFailedPrecondition  The score does not depend on `features`: the model was
//                        exported wrongly.
//   kInternal            A gradient is NaN or infinite, or LibTorch threw.
absl::StatusOr<Heatmap> GradientCam(const torch::Tensor& features, const torch::Tensor& activations,
                                    ClassifierHead head, int64_t finding);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_GRADIENT_CAM_H_
