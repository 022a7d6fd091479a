// Files with secrets: private keys, passwords.

#ifndef CAMNODE_CORE_BASE_SECRET_FILE_H_
#define CAMNODE_CORE_BASE_SECRET_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {

// OK if `path` is a regular file of this process's user or of root which others can neither read
// nor write, and its group may at most read.  Both functions are thread-safe.
//
// Errors: kFailedPrecondition, a sentence that begins with `path` and says what to do;
// kNotFound, also beginning with `path`, and StatusOfErrno's if it cannot be looked at.
absl::Status CheckSecretFile(const std::string& path);

// The first line of a file that CheckSecretFile takes, without its end.  Bytes after that line,
// and more than 4096, are a mistake: no secret is cut in silence.
//
// Errors: as CheckSecretFile, and of the same kind for an empty file or more than a line.
absl::StatusOr<std::string> ReadSecretLine(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_SECRET_FILE_H_
