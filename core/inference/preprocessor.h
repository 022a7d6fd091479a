// From a film to a network's input.

#ifndef CAMNODE_CORE_INFERENCE_PREPROCESSOR_H_
#define CAMNODE_CORE_INFERENCE_PREPROCESSOR_H_

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

// The film's 8 bits, squashed to a square by LibTorch's antialiased bilinear filter
// on 8 bits (Pillow's but for single levels), divided by 255, less the mean, over
// the deviation; gray in all three channels.  Training uses this function too.
//
// Errors: kInvalidArgument (empty film).  Throws what LibTorch throws.
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

#endif  // CAMNODE_CORE_INFERENCE_PREPROCESSOR_H_
