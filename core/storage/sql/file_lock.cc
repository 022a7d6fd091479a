#include "core/storage/sql/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"

namespace camnode {

absl::StatusOr<FileLock> FileLock::Open(const std::string& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return StatusOfErrno(errno, absl::StrCat("cannot open ", file));
  return FileLock(descriptor);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

absl::Status FileLock::Lock() {
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno != EINTR) return StatusOfErrno(errno, "cannot lock the database");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> FileLock::TryLock() {
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  return StatusOfErrno(errno, "cannot lock the database");
}

void FileLock::Unlock() { ::flock(descriptor_, LOCK_UN); }

}  // namespace camnode
