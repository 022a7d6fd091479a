#include "services/lab/models.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/files.h"
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

absl::StatusOr<std::string> ModelFilePath(const ModelFolder& model, absl::string_view file) {
  namespace fs = std::filesystem;
  const fs::path path = fs::path(model.directory) / std::string(file);
  std::error_code error;
  const fs::path found = fs::weakly_canonical(path, error);
  if (error) return StatusOfErrno(error.value(), absl::StrCat("cannot find ", path.string()));
  return found.string();
}

absl::Status ReplaceModelFile(const ModelFolder& model, absl::string_view file,
                              absl::string_view bytes) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string path, ModelFilePath(model, file));
  return ReplaceFileDurably(path, bytes, FileAccess::kByUmask);
}

int ThreadsOf(const Arguments& arguments) {
  return arguments.Has("threads") ? arguments.WholeNumber("threads") : 0;
}

void SetThreads(const Arguments& arguments) { SetComputeThreads(ThreadsOf(arguments)); }

}  // namespace camnode
