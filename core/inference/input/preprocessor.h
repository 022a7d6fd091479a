// From a film to a network's input: the one way for serving, training and
// evaluation.

#ifndef CAMNODE_CORE_INFERENCE_INPUT_PREPROCESSOR_H_
#define CAMNODE_CORE_INFERENCE_INPUT_PREPROCESSOR_H_

#include <opencv2/core/mat.hpp>

#include "absl/status/statusor.h"
#include "core/domain/placement.h"
#include "core/domain/radiograph.h"
#include "proto/camnode/model/v1/manifest.pb.h"
#include "torch/torch.h"

namespace camnode {

struct NetworkInput {
  torch::Tensor image;  // float [1, 3, S, S]
  Placement placement;
};

// The same before mean and deviation, which models of one geometry and intensity
// policy may share.
struct NetworkPixels {
  cv::Mat1b gray;  // S x S, continuous.
  Placement placement;
};

// The 8 bits of `options.intensity`, shrunk by LibTorch's antialiased bilinear
// filter on 8 bits (Pillow's but for single levels): to a square (SQUASH), or, its
// shape kept, into the middle of a black one (LETTERBOX; sides are rounded to whole
// pixels, and the placement says by how much each was shrunk).  Percentile
// normalization is measured and applied after shrinking, so that a film and its
// 224 x 224 copy in a training set are stretched alike; background and borders do
// not count, and a film without contrast stays as it is.
//
// Errors: kInvalidArgument (empty film).  Throws what LibTorch throws.
absl::StatusOr<NetworkPixels> PreparePixels(const Radiograph& film,
                                            const camnode::model::v1::Preprocessing& options);

// PreparePixels, divided by 255, less the mean, over the deviation; gray in all
// three channels.
absl::StatusOr<NetworkInput> Preprocess(const Radiograph& film,
                                        const camnode::model::v1::Preprocessing& options);

// The 8 bits that `options.intensity` asks for, in the film's size.
//   FILE          what a reader sees.
//   FIXED_WINDOW  the modality values in the fixed window, cut (not rounded) to 8
//                 bits, MONOCHROME1 not inverted; a picture without modality
//                 values as it is.
absl::StatusOr<cv::Mat1b> ApplyIntensityPolicy(const Radiograph& film,
                                               const camnode::model::v1::Preprocessing& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_INPUT_PREPROCESSOR_H_
