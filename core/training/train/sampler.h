// In which order an epoch shows the films.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_SAMPLER_H_
#define CAMNODE_CORE_TRAINING_TRAIN_SAMPLER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// What one epoch shows, in order: as many entries as there are films.
//   SAMPLING_EVERY_FILM  each index once.
//   SAMPLING_BALANCED    the classes take turns; each walks through a shuffle of its
//                        films, reshuffled when it is through, so that no film of a
//                        large class is seen twice before all were seen.
//   SAMPLING_WEIGHTED    draws with replacement, with probabilities as `weights`.
// The same arguments give the same order.  REQUIRES: at least one film; under
// SAMPLING_WEIGHTED a weight above 0.
std::vector<size_t> EpochOrder(const std::vector<int>& classes, const std::vector<double>& weights,
                               camnode::training::v1::Sampling sampling, uint64_t seed);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_SAMPLER_H_
