// Maps made of a layer's activations A [1, C, H, W] and the gradients
// G = d(logit)/dA of the same shape.
//
//   gradcam    sum_k mean(G_k) A_k             Selvaraju et al., ICCV 2017
//   hirescam   sum_k G_k A_k, cell by cell     Draelos and Carin, arXiv 2011.08891
//   xgradcam   sum_k w_k A_k,                  Fu et al., BMVC 2020
//              w_k = sum(G_k A_k) / (sum(A_k) + 1e-7)
//   layercam   sum_k max(G_k, 0) A_k           Jiang et al., IEEE TIP 2021
//   gradcam++  sum_k w_k A_k,                  Chattopadhyay et al., WACV 2018
//              w_k = sum(a max(G_k, 0)), a = G_k^2 / (2 G_k^2 + sum(A_k) G_k^3 + 1e-6)
//
// Each is the formula of the Python package grad-cam 1.5.7 before it scales the map,
// and is tested against values made with it.  Where that differs from a paper, the
// package is followed, because its maps are what others compare with:
//   * gradcam++ and xgradcam carry the small constants above in their denominators.  The
//     squares of these networks' gradients are often no larger than that of gradcam++,
//     which therefore shapes its map.
//   * xgradcam divides by sum(A_k), which is near zero for some channels where A has both
//     signs (features.5, features.denseblock3): rounding is seen there in the fifth digit.
//   * gradcam++'s paper derives `a` for exp(logit); the gradient here is the logit's.
//   * layercam of one layer is not scaled by tanh as the paper does for shallow layers;
//     see layer_fusion.h for several layers.
//
// At the last layer of a network that pools and weighs G is the same in every cell, and
// gradcam, hirescam and xgradcam are the same map there (but not in DenseNet, where the
// ReLU of the head masks G).

#ifndef CAMNODE_CORE_INFERENCE_MAPS_GRADIENT_MAPS_H_
#define CAMNODE_CORE_INFERENCE_MAPS_GRADIENT_MAPS_H_

#include "core/inference/maps/cam_method.h"
#include "torch/torch.h"

namespace camnode {

// The signed map [H, W], in units of the logit, on the activations' device and with
// memory of its own.  Thread-safe.  What is not finite stays so: ToHeatmap finds it.
// Throws what LibTorch throws.
// REQUIRES: method is not kScoreCam; activations and gradients are float [1, C, H, W].
torch::Tensor GradientMap(CamMethod method, const torch::Tensor& activations,
                          const torch::Tensor& gradients);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_GRADIENT_MAPS_H_
