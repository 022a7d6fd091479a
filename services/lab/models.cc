#include "services/lab/models.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/inference/classifier.h"

namespace camnode {

absl::StatusOr<std::vector<ModelFolder>> LoadModelFolders(const LabArguments& arguments) {
  std::vector<ModelFolder> folders;
  for (const std::string& directory : arguments.All("model")) {
    CAMNODE_ASSIGN_OR_RETURN(ModelFolder folder,
                             LoadModelFolder(directory, WeightsCheck::kVerifyDigest));
    folders.push_back(std::move(folder));
  }
  if (folders.empty()) return absl::InvalidArgumentError("option --model is missing");
  return folders;
}

absl::Status SetThreads(const LabArguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const int threads, arguments.WholeNumber("threads", 0, 0, 1024));
  SetComputeThreads(threads);
  return absl::OkStatus();
}

}  // namespace camnode
