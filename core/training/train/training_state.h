// Everything a training consists of between two steps, as one file.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_TRAINING_STATE_H_
#define CAMNODE_CORE_TRAINING_TRAIN_TRAINING_STATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/inference/networks/network.h"

namespace camnode {

// FOLDER/checkpoint-000012.safetensors: the tensors of a training after 12 epochs.
// Random numbers need no place in it: they are made from the seed, the epoch and the
// film alone.

// Writes the checkpoint, then removes older ones.  A power cut leaves the older or the
// newer one whole.  An existing file of this epoch is replaced.
// Errors: the disk's.
absl::Status WriteCheckpoint(const std::string& folder, int epochs_done,
                             const NamedTensors& tensors);

struct Checkpoint {
  int epochs_done = 0;  // 0: there is none.
  NamedTensors tensors;
};

// The newest one.  Errors: ReadSafetensors's (a damaged file is an error, not a start
// from scratch).
absl::StatusOr<Checkpoint> ReadNewestCheckpoint(const std::string& folder);

// Copies `from` into the tensors of `into`, name by name.
// Errors: kFailedPrecondition (a missing, surplus or misshapen tensor: names the first).
absl::Status RestoreTensors(const NamedTensors& from, const NamedTensors& into);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_TRAINING_STATE_H_
