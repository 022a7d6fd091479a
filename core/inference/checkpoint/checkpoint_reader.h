// PyTorch checkpoints (.pth, .pt, .safetensors), as files from strangers.
//
// Both of PyTorch's formats, the zip archive and the older row of pickles followed by
// raw storages, and safetensors; told apart by their first bytes.  The state dict may be the whole
// file, or lie in a dictionary under "state_dict" or "model_state_dict", beside an optimizer and
// numbers.
//
// Nothing in the file is run (unpickler.h).  Sizes are checked against the file
// before anything is allocated, and every tensor against its storage.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_READER_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_READER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/inference/networks/network.h"

namespace camnode {

// Tensors of float32, float16, bfloat16 and int64, dense and with memory of their own.
// Control characters and quotes in names come escaped as in C.
// At most 4 GiB, read whole; thread-safe.  Throws std::bad_alloc where even the file's
// bytes do not fit into memory.
// Errors:
//   kNotFound            No such file.
//   kPermissionDenied    The pickle uses a name that is not allowed: names it.
//   kDataLoss            Damaged: says where; or too large.
//   kFailedPrecondition  Readable, but no state dict: a TorchScript archive,
//                        values that are no tensors, a tensor of another type.
//   kResourceExhausted   Memory ran out.
//   kUnavailable         The file cannot be read.
absl::StatusOr<NamedTensors> ReadCheckpoint(const std::string& path);

// The same on a file's bytes, which may be freed afterwards.
absl::StatusOr<NamedTensors> ParseCheckpoint(absl::string_view bytes);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_CHECKPOINT_READER_H_
