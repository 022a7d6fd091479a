// Turns a PyTorch checkpoint into a model folder.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_IMPORT_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_IMPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/models/model_repository.h"

namespace camnode {

struct CheckpointImportOptions {
  // What every name in the checkpoint begins with and torchvision's do not:
  // "module." for a network that was saved inside DataParallel.
  std::string strip_prefix;
};

// Reads `checkpoint`, checks that it fits draft.architecture name by name, and writes
// weights.safetensors and then manifest.textproto into `directory`, which is made if
// need be.  What stands there is never overwritten.
//
// `draft` is a manifest without weights_file and weights_sha256, which are filled in
// here; model_folder_writer.h says what weights_precision stores.
//
// The number of outputs is the classifier's; draft.labels must be as many.
//
// Errors: ReadCheckpoint's, LoadStateDict's, CheckManifest's; kFailedPrecondition
// (labels do not fit the outputs; a name without the prefix to strip, or a prefix that
// all have; a weight is not finite, or not in half precision; a variance below 0), kAlreadyExists
// (a model stands there), the disk's.
absl::StatusOr<ModelFolder> ImportCheckpoint(const std::string& checkpoint,
                                             const camnode::model::v1::ModelManifest& draft,
                                             const std::string& directory,
                                             const CheckpointImportOptions& options = {});

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_IMPORT_H_
