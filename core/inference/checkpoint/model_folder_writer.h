// A network becomes a model folder.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_MODEL_FOLDER_WRITER_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_MODEL_FOLDER_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/inference/networks/network.h"
#include "core/models/model_repository.h"

namespace camnode {

// Writes weights.safetensors and then manifest.textproto into `directory`, which is made
// if need be.  What stands there is never overwritten.
//
// weights_file and weights_sha256 are filled in here, and an outlier file is forgotten.
// weights_precision "float16" stores convolution kernels of more than 10,000 weights in
// half precision and everything else (batch-norm statistics and parameters, biases,
// small kernels, the classifier) in float32; "float32" stores everything so.
//
// Errors: CheckManifest's; kFailedPrecondition (a weight is not finite, or not in half
// precision), kAlreadyExists (a model stands there), the disk's.  Throws what LibTorch
// throws.
absl::StatusOr<ModelFolder> WriteModelFolder(const Network& network,
                                             camnode::model::v1::ModelManifest manifest,
                                             const std::string& directory);

// Errors: kAlreadyExists if a manifest or weights are in `directory`: says which.
absl::Status CheckNoModelStandsIn(const std::string& directory);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_MODEL_FOLDER_WRITER_H_
