#include "core/models/model_set_file.h"

#include <cstddef>
#include <filesystem>
#include <system_error>

#include "core/base/durable_file.h"
#include "core/base/files.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNameDigits = 16;

}  // namespace

std::string ModelSetFilePath(const std::string& model_directory, const ModelSetFileKind& kind,
                             absl::string_view models_digest) {
  return (fs::path(model_directory) / kind.folder /
          absl::StrCat(models_digest.substr(0, kNameDigits), ".textproto"))
      .string();
}

absl::Status ReplaceModelSetFile(const std::string& path, const std::string& text) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return StatusOfErrno(error.value(), absl::StrCat("cannot make the folder of ", path));
  return ReplaceFileDurably(path, text, FileAccess::kByUmask);
}

}  // namespace camnode
