// One pass that stops to look at layers on its way: their activations, and the
// gradients of one score with respect to them.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_LAYER_PASS_H_
#define CAMNODE_CORE_INFERENCE_MAPS_LAYER_PASS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/inference/networks/network.h"
#include "torch/torch.h"

namespace camnode {

struct LayerRecord {
  torch::Tensor activations;  // [1, C, H, W], as the PyTorch tools' hooks see them.
  torch::Tensor gradients;    // Same shape.
};

struct LayerPass {
  torch::Tensor scores;  // [1, K]
  int64_t output = 0;    // The score that was differentiated.
  std::vector<LayerRecord> layers;
};

// Stands for the largest of the scores.
constexpr int64_t kLargestScore = -1;

// Runs `image` [1, 3, S, S] through the network once forward, and once backward from
// score number `output` to the earliest of `layers`, each a count of steps as FindLayer
// gives it.  At the end of the trunk the activations are Network::Activations, the
// gradients those of the features: what a hook on DenseNet's `features` gives, whose
// output the head's ReLU overwrites.
//
// Takes the memory of every step from the earliest layer on.  The caller may be inside
// InferenceMode, and `image` may have been made there; the network may not.
//
// Errors: kInvalidArgument (no such output; no layers), kFailedPrecondition (the score
// does not depend on a layer), kInternal (a gradient is not finite).  Throws what
// LibTorch throws.
absl::StatusOr<LayerPass> RunLayers(Network& network, const torch::Tensor& image,
                                    const std::vector<size_t>& layers, int64_t output);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_LAYER_PASS_H_
