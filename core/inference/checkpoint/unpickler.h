// A reader of Python pickles that builds data and runs nothing.
//
// A pickle is a small program for a stack machine, and Python's own reader lets it
// call any function.  This one knows the instructions that PyTorch checkpoints are
// made of and the short list of names in pickle_globals.cc: dictionaries, counters and
// sets, tensors over storages, numpy scalars.  Any other name ends the reading.
//
// No LibTorch here: tensors come out as descriptions, see checkpoint_reader.h.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_UNPICKLER_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_UNPICKLER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/inference/checkpoint/pickle_value.h"

namespace camnode {

// Reads the pickle at the start of `bytes`: protocols 2 to 5 as far as PyTorch uses
// them, at most 16 MiB and a million values.
// Errors: kPermissionDenied (a name that is not allowed: names it), kDataLoss
// (damaged, too large, or not a pickle: says at which byte).
absl::StatusOr<PickleTree> Unpickle(absl::string_view bytes);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_UNPICKLER_H_
