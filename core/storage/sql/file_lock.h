// A lock that programs share: flock on a file.

#ifndef CAMNODE_CORE_STORAGE_SQL_FILE_LOCK_H_
#define CAMNODE_CORE_STORAGE_SQL_FILE_LOCK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {

// Held by at most one FileLock on the same file, in this program or any other.
// The kernel frees it when the holder dies.  Move-only; used by one thread.
class FileLock {
 public:
  // Creates the file, which stays empty, if need be.
  // Errors: kUnavailable, kResourceExhausted, naming the file.
  static absl::StatusOr<FileLock> Open(const std::string& file);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  // Waits for as long as it takes.  Errors: kUnavailable.
  absl::Status Lock();
  // False if another holds it.  Errors: as Lock.
  absl::StatusOr<bool> TryLock();
  void Unlock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_FILE_LOCK_H_
