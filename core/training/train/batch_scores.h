// A batch of films through a network that is being trained.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_BATCH_SCORES_H_
#define CAMNODE_CORE_TRAINING_TRAIN_BATCH_SCORES_H_

#include "core/inference/networks/network.h"
#include "proto/camnode/training/v1/recipe.pb.h"
#include "torch/torch.h"

namespace camnode {

// float32 [N, outputs] on `device` of uint8 [N, 1, S, S] wherever that is.  In BFLOAT16
// LibTorch's autocast decides which operators take it; weights stay float32.
// Throws what LibTorch throws.
torch::Tensor BatchScores(const camnode::training::v1::Recipe& recipe, const torch::Device& device,
                          Network& network, const torch::Tensor& gray);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_BATCH_SCORES_H_
