// Every random number of a training comes from the recipe's seed, what it is drawn for and
// the place in the run, never from what was drawn before: a checkpoint holds tensors only,
// and a run that goes on draws what it would have drawn.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_TRAINING_SEED_H_
#define CAMNODE_CORE_TRAINING_TRAIN_TRAINING_SEED_H_

#include <cstdint>

#include "core/training/films/random_generator.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// The numbers are part of what a recipe's seed means, and of the folds it gives.
enum class SeedPurpose : uint64_t { kWeights = 1, kFolds, kOrder, kFilm, kStep };

// `place`: whole numbers from 0, such as the epoch and the step in it.
template <typename... Place>
uint64_t TrainingSeed(const camnode::training::v1::Recipe& recipe, SeedPurpose purpose,
                      Place... place) {
  return MixSeeds({recipe.seed(), static_cast<uint64_t>(purpose), static_cast<uint64_t>(place)...});
}

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_TRAINING_SEED_H_
