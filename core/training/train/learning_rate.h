// The learning rate of each step.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_LEARNING_RATE_H_
#define CAMNODE_CORE_TRAINING_TRAIN_LEARNING_RATE_H_

#include <cstdint>

#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// The rate of step `step` (from 0) of a stage of `steps_per_epoch` steps an epoch, by the
// stage's schedule (recipe.proto has the formulas' sources).
// REQUIRES: a checked stage, 0 <= step < epochs * steps_per_epoch.
double LearningRate(const camnode::training::v1::Stage& stage, int64_t steps_per_epoch,
                    int64_t step);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_LEARNING_RATE_H_
