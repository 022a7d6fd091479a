// The two containers of PyTorch checkpoints: where the pickle and the storages lie.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_STORAGES_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_STORAGES_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/inference/checkpoint/pickle_value.h"

namespace camnode {

class CheckpointStorages {
 public:
  virtual ~CheckpointStorages() = default;

  // Exactly elements x element size bytes, valid until the next call.
  // Errors: kDataLoss (not in the file, or of another size).  May throw c10::Error.
  virtual absl::StatusOr<absl::string_view> Open(const StorageReference& storage) = 0;
};

struct OpenedCheckpoint {
  PickleTree pickle;
  std::unique_ptr<CheckpointStorages> storages;
};

// Tells the formats apart by their first bytes.  `bytes` must outlive the result.
// Errors: kDataLoss (neither, or damaged), kFailedPrecondition (TorchScript, or made
// on a big-endian machine), those of Unpickle.  May throw c10::Error.
absl::StatusOr<OpenedCheckpoint> OpenCheckpoint(absl::string_view bytes);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_STORAGES_H_
