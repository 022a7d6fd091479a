// Files small enough to be read and written whole.
//
//   ReadFile             all of a file, or an error if it is larger than expected
//   WriteFile            what a user asked for: a report, a table, a picture
//   ReplaceFileDurably   what other programs read: they see the old file or the new one
//
// A new file that must survive a power cut and never replaces another is WriteFileDurably's
// (durable_file.h).  All functions here are thread-safe.  Every error names the file.

#ifndef CAMNODE_CORE_BASE_FILES_H_
#define CAMNODE_CORE_BASE_FILES_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/durable_file.h"

namespace camnode {

// Who may read a file, from the moment it exists: rights that are taken away later leave
// a moment in which anybody can open it, and read it for as long as he likes.
enum class FileAccess {
  kOwnerOnly,  // 0600: films, patients' names.
  kByUmask,    // As programs usually write: 0666 less the umask.
};

// All bytes of a file.  A pipe or a device is read to its end.
//
// Errors:
//   kNotFound            No such file.
//   `too_large`          More than `max_bytes`, of which no more are read.
//   kFailedPrecondition  A folder.
//   kUnavailable         A named pipe that nobody writes to, which is not waited for.
//   kResourceExhausted, kUnavailable  It cannot be opened or read: StatusOfErrno's.
absl::StatusOr<std::string> ReadFile(
    const std::string& path, int64_t max_bytes,
    absl::StatusCode too_large = absl::StatusCode::kInvalidArgument);

// Its first bytes, fewer than `bytes` only if it ends before: to tell kinds of files apart.
// Errors: as ReadFile, but for the size.
absl::StatusOr<std::string> ReadFileStart(const std::string& path, int64_t bytes);

// Writes a file, over one of that name.  By kByUmask in place, so that a device or a pipe
// will do, and a file that is there keeps its rights.  By kOwnerOnly into a new file: one
// that is there is removed first, since others may have it open.
//
// Errors: StatusOfErrno's.  The file may then be there in part.
absl::Status WriteFile(const std::string& path, absl::string_view bytes, FileAccess access,
                       FileSystemCalls& calls = SystemFileCalls());

// Puts a file in the place of another, or makes it: part file, sync, rename, sync of the
// folder.  Whoever opens `path` meanwhile, and whoever starts after a kill or a power cut,
// finds the old bytes or the new ones, whole.  With kByUmask the new file has the rights
// and the owner of the old one, as far as the system lets us.  A symbolic link is replaced,
// not followed.
//
// Several may replace one file at once: the last stays.  A killed program leaves
// PATH.XXXXXXXX.part behind, which nobody reads; whoever alone may replace the file removes
// it by RemoveLeftParts.
//
// Errors: StatusOfErrno's.  The old file is then untouched, unless it was the last step
// that failed: `path` has the new bytes, and a power cut may bring the old ones back.
absl::Status ReplaceFileDurably(const std::string& path, absl::string_view bytes, FileAccess access,
                                FileSystemCalls& calls = SystemFileCalls());

// Removes what killed programs left of replacements of `path`.
// REQUIRES: nobody replaces it now.
void RemoveLeftParts(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_FILES_H_
