#include "core/inference/maps/score_cam.h"

#include <algorithm>
#include <vector>

namespace camnode {
namespace {

constexpr int64_t kFilmsInABatch = 16;

// [1, n, H, W] -> [n, 1, S, S], each (u - min) / (max - min + epsilon) of its stretched map u.
torch::Tensor Masks(const torch::Tensor& maps, const torch::Tensor& image) {
  constexpr double kEpsilon = 1e-8;
  const torch::Tensor stretched =
      torch::upsample_bilinear2d(maps, image.sizes().slice(2), /*align_corners=*/true)
          .transpose(0, 1);
  const torch::Tensor low = stretched.amin({2, 3}, /*keepdim=*/true);
  const torch::Tensor high = stretched.amax({2, 3}, /*keepdim=*/true);
  return (stretched - low) / (high - low + kEpsilon);
}

}  // namespace

torch::Tensor ScoreCam(Network& network, const torch::Tensor& image,
                       const torch::Tensor& activations, int64_t output) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> scores;
  for (int64_t first = 0; first < activations.size(1); first += kFilmsInABatch) {
    const int64_t count = std::min(kFilmsInABatch, activations.size(1) - first);
    const torch::Tensor masked = image * Masks(activations.narrow(1, first, count), image);
    scores.push_back(network.Head(network.Features(masked)).select(1, output));
  }
  const torch::Tensor weights = torch::softmax(torch::cat(scores), 0).view({1, -1, 1, 1});
  return (weights * activations).sum(1).squeeze(0);
}

}  // namespace camnode
