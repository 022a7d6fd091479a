// What the commands on models have in common: --model and --threads.

#ifndef CAMNODE_SERVICES_LAB_MODELS_H_
#define CAMNODE_SERVICES_LAB_MODELS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/models/model_repository.h"
#include "services/command_line/arguments.h"

namespace camnode {

// A model folder; at least one, where there may be several.
constexpr Option ModelOption() {
  return Option::Text("model", "DIR", "a model folder, such as deploy/models/resnet18/1")
      .Required();
}

constexpr Option ThreadsOption() {
  return Option::WholeNumber("threads", "NUMBER", "default: as many as there are cores", 0, 1024);
}

// The folder of each --model, in order, its weights' digest verified.
// Errors: LoadModelFolder's.
absl::StatusOr<std::vector<ModelFolder>> LoadModelFolders(const Arguments& arguments);

// --threads; 0 if it is not given: as many as there are cores.
int ThreadsOf(const Arguments& arguments);

// Computes with so many from now on.
void SetThreads(const Arguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_MODELS_H_
