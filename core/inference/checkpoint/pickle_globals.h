// The names a checkpoint's pickle may use, and what each builds.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_PICKLE_GLOBALS_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_PICKLE_GLOBALS_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/inference/checkpoint/pickle_value.h"

namespace camnode {

// Data only: what Python would call, done here by a function of ours.
struct PickleGlobal {
  const char* module;
  const char* name;
  // Builds the value from the call's arguments; nullptr: not callable, a storage type.
  absl::StatusOr<PickleValue::Data> (*call)(const PickleList& arguments);
  StorageType storage_type;
};

// Lives for ever.  Errors: kPermissionDenied for any name that is not on the list,
// naming it.
absl::StatusOr<const PickleGlobal*> FindPickleGlobal(absl::string_view module,
                                                     absl::string_view name);

// A storage's persistent id: ('storage', type, key, location, elements), in legacy
// files with a sixth part for a view of a storage, which must be None here.
// Errors: kDataLoss.
absl::StatusOr<StorageReference> ParseStorageReference(const PickleList& id);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_PICKLE_GLOBALS_H_
