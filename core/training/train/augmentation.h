// Films changed at random while a network trains on them.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_AUGMENTATION_H_
#define CAMNODE_CORE_TRAINING_TRAIN_AUGMENTATION_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>

#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// The film changed by what `seed` draws from the ranges of `augmentation`: placed anew
// in its square, coarsened, blurred or sharpened, its gray values bent, noise added, a
// rectangle erased, in this order.  Outside the film is black.  Every change has draws
// of its own: switching one off leaves the others as they were.  The same arguments give
// the same pixels.  Thread-safe; `film` stays as it is.
//
// These changes are meant to take from a film what a label can be guessed by without
// looking at lungs: size and shape of the picture, sharpness, contrast.
cv::Mat1b Augment(const cv::Mat1b& film, const camnode::training::v1::Augmentation& augmentation,
                  uint64_t seed);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_AUGMENTATION_H_
