#include "core/training/train/batch_scores.h"

#include <ATen/autocast_mode.h>

#include "core/training/train/batch_loader.h"

namespace camnode {
namespace {

// Operators in bfloat16 where LibTorch's autocast lists them, until the end of the scope.
class Autocast {
 public:
  Autocast(const torch::Device& device, bool enabled) : type_(device.type()) {
    at::autocast::set_autocast_enabled(type_, enabled);
    at::autocast::set_autocast_dtype(type_, torch::kBFloat16);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(type_, false);
    // Holds the weights of this step in bfloat16.
    at::autocast::clear_cache();
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType type_;
};

}  // namespace

torch::Tensor BatchScores(const camnode::training::v1::Recipe& recipe, const torch::Device& device,
                          Network& network, const torch::Tensor& gray) {
  const torch::Tensor images = NetworkImages(gray.to(device), recipe.manifest().preprocessing());
  const Autocast autocast(device, recipe.precision() == camnode::model::v1::BFLOAT16);
  return network.Head(network.Features(images)).to(torch::kFloat32);
}

}  // namespace camnode
