// Score-CAM (Wang et al., CVPR workshops 2020): no gradients.  Each activation map of
// a layer, stretched over the input and scaled to 0..1, masks the film; the score the
// network gives what is left, through a softmax over the channels, weighs the map:
//
//   sum_k softmax_k(score(X * scaled(stretched(A_k)))) A_k
//
// The formula of the Python package grad-cam 1.5.7 before it scales the map: bilinear
// stretching with corners aligned; (u - min) / (max - min + 1e-8).  The paper subtracts
// the score of a blank film first, which a softmax does not notice.  The weights are
// shares of 1, so the map is in units of the layer's activations, not of the score.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_SCORE_CAM_H_
#define CAMNODE_CORE_INFERENCE_MAPS_SCORE_CAM_H_

#include <cstdint>

#include "core/inference/networks/network.h"
#include "torch/torch.h"

namespace camnode {

// The signed map [H, W] of score number `output` for `activations` [1, C, H, W], made of
// `image` [1, 3, S, S].  Runs the network C times, 16 films in a batch: seconds to
// minutes.  The caller may be inside InferenceMode; `network` is used by one thread at a
// time.  What is not finite stays so: ToHeatmap finds it.
// REQUIRES: 0 <= output < scores of the network.  Throws what LibTorch throws.
torch::Tensor ScoreCam(Network& network, const torch::Tensor& image,
                       const torch::Tensor& activations, int64_t output);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_SCORE_CAM_H_
