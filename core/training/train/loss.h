// What a recipe's network is trained to make small, and what its scores mean.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_LOSS_H_
#define CAMNODE_CORE_TRAINING_TRAIN_LOSS_H_

#include <cstdint>

#include "proto/camnode/training/v1/recipe.pb.h"
#include "torch/torch.h"

namespace camnode {

// How many scores the recipe's network has: 1 under OUTPUT_ACTIVATION_SIGMOID (the
// reported class against the others), one a class under OUTPUT_ACTIVATION_SOFTMAX.
int64_t OutputCount(const camnode::training::v1::Recipe& recipe);

// The index in recipe.classes of the class that is reported.  REQUIRES: a checked recipe.
int ReportedClass(const camnode::training::v1::Recipe& recipe);

// The mean over the batch of the recipe's loss (recipe.proto): `scores` [N, outputs] in
// float32, `classes` [N] in int64, on the same device.
torch::Tensor TrainingLoss(const camnode::training::v1::Recipe& recipe, const torch::Tensor& scores,
                           const torch::Tensor& classes);

// log(p / (1 - p)) of the reported class, [N]: the score itself, or its softmax's.
torch::Tensor ReportedLogits(const camnode::training::v1::Recipe& recipe,
                             const torch::Tensor& scores);

// The share of films that `logits` [N] of the reported class, above 0 or not, put where
// `classes` [N] does.
double Accuracy(const camnode::training::v1::Recipe& recipe, const torch::Tensor& logits,
                const torch::Tensor& classes);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_LOSS_H_
