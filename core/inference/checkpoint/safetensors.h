// The safetensors file format: 8 bytes of header length (little endian), a JSON
// header with type, shape and byte range of each tensor, then the bytes.
//
// A file is hostile until read: lengths are checked against the file before
// anything is allocated, and ranges must cover the data without hole or overlap.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_SAFETENSORS_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_SAFETENSORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/inference/networks/network.h"

namespace camnode {

// Types: F32, F16, BF16, I64; at most 8 dimensions, 100,000 tensors and 8 GiB.  Every
// tensor has memory of its own.  Control characters and quotes in names come escaped
// as in C.  Thread-safe, as all functions here.
// Errors: ReadFile's (kNotFound, ...), kDataLoss (damaged: says where; too large).
// Throws what LibTorch throws when memory runs out.
absl::StatusOr<NamedTensors> ReadSafetensors(const std::string& path);

// The same on bytes in memory, which may be freed afterwards.  Errors: kDataLoss.
absl::StatusOr<NamedTensors> ParseSafetensors(absl::string_view bytes);

// Whether `bytes` begin as a safetensors file does: a length, and the JSON it is of.
bool LooksLikeSafetensors(absl::string_view bytes);

// The same tensors give the same bytes.  Data is ordered by element size, largest
// first, then by name, so that every tensor is aligned.
// Errors: kInvalidArgument (a type that the format's four above do not cover).
absl::StatusOr<std::string> FormatSafetensors(const NamedTensors& tensors);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_SAFETENSORS_H_
