// What the commands on models have in common: --model and --threads.

#ifndef CAMNODE_SERVICES_LAB_MODELS_H_
#define CAMNODE_SERVICES_LAB_MODELS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/models/model_repository.h"
#include "services/lab/arguments.h"

namespace camnode {

// The folder of each --model, in order, its weights' digest verified.
// Errors: kInvalidArgument (no --model), LoadModelFolder's.
absl::StatusOr<std::vector<ModelFolder>> LoadModelFolders(const LabArguments& arguments);

// Computes with --threads from now on: as many as there are cores if it is not given.
// Errors: kInvalidArgument naming the option.
absl::Status SetThreads(const LabArguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_MODELS_H_
