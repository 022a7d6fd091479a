#include "core/base/secret_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/durable_file.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr mode_t kForbidden = S_IWGRP | S_IXGRP | S_IROTH | S_IWOTH | S_IXOTH;
constexpr int64_t kMaxLineBytes = 4096;

absl::Status Refused(const std::string& path, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat(path, " ", why));
}

}  // namespace

absl::Status CheckSecretFile(const std::string& path) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0) {
    return StatusOfErrno(errno, absl::StrCat(path, " cannot be read"));
  }
  if (!S_ISREG(entry.st_mode)) return Refused(path, "is no regular file");
  if (entry.st_uid != 0 && entry.st_uid != ::geteuid()) {
    return Refused(path, absl::StrCat("belongs to user ", entry.st_uid,
                                      ", who can change it; chown it to user ", ::geteuid(),
                                      ", who runs this program, or to root"));
  }
  if ((entry.st_mode & kForbidden) != 0) {
    return Refused(path, absl::StrCat("can be read or changed by others; chmod 600 ", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSecretLine(const std::string& path) {
  CAMNODE_RETURN_IF_ERROR(CheckSecretFile(path));
  CAMNODE_ASSIGN_OR_RETURN(std::string text,
                           ReadFile(path, kMaxLineBytes, absl::StatusCode::kFailedPrecondition));
  const size_t end = text.find_first_of("\r\n");
  if (end == 0 || text.empty()) return Refused(path, "is empty; expected one line");
  if (end != std::string::npos && text.find_first_not_of("\r\n", end) != std::string::npos) {
    return Refused(path, "has more than one line; expected one");
  }
  return text.substr(0, end);
}

}  // namespace camnode
