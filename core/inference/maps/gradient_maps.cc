#include "core/inference/maps/gradient_maps.h"

namespace camnode {
namespace {

torch::Tensor MeanOverGrid(const torch::Tensor& x) { return x.mean({2, 3}, /*keepdim=*/true); }
torch::Tensor SumOverGrid(const torch::Tensor& x) { return x.sum({2, 3}, /*keepdim=*/true); }

// w_k = sum(a max(G_k, 0)), a = G_k^2 / (2 G_k^2 + sum(A_k) G_k^3 + epsilon).
torch::Tensor PlusPlusWeights(const torch::Tensor& activations, const torch::Tensor& gradients) {
  constexpr double kEpsilon = 1e-6;
  const torch::Tensor squared = gradients * gradients;
  const torch::Tensor a =
      squared / (2 * squared + SumOverGrid(activations) * (squared * gradients) + kEpsilon);
  return SumOverGrid(gradients.relu() * a);
}

// w_k = sum(G_k A_k) / (sum(A_k) + epsilon).
torch::Tensor AxiomWeights(const torch::Tensor& activations, const torch::Tensor& gradients) {
  constexpr double kEpsilon = 1e-7;
  return SumOverGrid(gradients * activations / (SumOverGrid(activations) + kEpsilon));
}

// What multiplies the activations: [1, C, 1, 1] or [1, C, H, W].
torch::Tensor Weights(CamMethod method, const torch::Tensor& activations,
                      const torch::Tensor& gradients) {
  switch (method) {
    case CamMethod::kHiResCam:
      return gradients;
    case CamMethod::kLayerCam:
      return gradients.relu();
    case CamMethod::kXGradCam:
      return AxiomWeights(activations, gradients);
    case CamMethod::kGradCamPlusPlus:
      return PlusPlusWeights(activations, gradients);
    case CamMethod::kGradCam:
    case CamMethod::kScoreCam:
      break;
  }
  return MeanOverGrid(gradients);
}

}  // namespace

torch::Tensor GradientMap(CamMethod method, const torch::Tensor& activations,
                          const torch::Tensor& gradients) {
  return (Weights(method, activations, gradients) * activations).sum(1).squeeze(0);
}

}  // namespace camnode
