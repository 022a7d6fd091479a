#include "core/base/write_all.h"

#include <sys/types.h>

#include <cerrno>
#include <cstddef>

#include "absl/strings/str_cat.h"

namespace camnode {

absl::Status WriteAll(int descriptor, absl::string_view bytes, const std::string& path,
                      FileSystemCalls& calls) {
  while (!bytes.empty()) {
    const ssize_t written = calls.Write(descriptor, bytes.data(), bytes.size());
    if (written <= 0) {
      const int error = written < 0 ? errno : EIO;
      if (error == EINTR) continue;
      return StatusOfErrno(error, absl::StrCat("cannot write ", path));
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace camnode
