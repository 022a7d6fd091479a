#include "services/lab/models.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/inference/classifier.h"

namespace camnode {

absl::StatusOr<std::vector<ModelFolder>> LoadModelFolders(const Arguments& arguments) {
  std::vector<ModelFolder> folders;
  for (const std::string& directory : arguments.Texts("model")) {
    CAMNODE_ASSIGN_OR_RETURN(ModelFolder folder,
                             LoadModelFolder(directory, WeightsCheck::kVerifyDigest));
    folders.push_back(std::move(folder));
  }
  return folders;
}

int ThreadsOf(const Arguments& arguments) {
  return arguments.Has("threads") ? arguments.WholeNumber("threads") : 0;
}

void SetThreads(const Arguments& arguments) { SetComputeThreads(ThreadsOf(arguments)); }

}  // namespace camnode
