// What the commands on models have in common: --model and --threads, and how they change a
// model that a node may be serving.

#ifndef CAMNODE_SERVICES_LAB_MODELS_H_
#define CAMNODE_SERVICES_LAB_MODELS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/models/model_repository.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"

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

// Where a file of the model lies, behind whatever links lead there.
// Errors: StatusOfErrno's.
absl::StatusOr<std::string> ModelFilePath(const ModelFolder& model, absl::string_view file);

// Puts `bytes` in the place of a file of the model, which keeps its rights: a node that is
// serving it finds the old file or the new one.  What a link points to is replaced, not the
// link.  Errors: ModelFilePath's, ReplaceFileDurably's.
absl::Status ReplaceModelFile(const ModelFolder& model, absl::string_view file,
                              absl::string_view bytes);

// --threads; 0 if it is not given: as many as there are cores.
int ThreadsOf(const Arguments& arguments);

// Computes with so many from now on.
void SetThreads(const Arguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_MODELS_H_
