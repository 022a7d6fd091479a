// Bytes into an open file, however many calls that takes.

#ifndef CAMNODE_CORE_BASE_WRITE_ALL_H_
#define CAMNODE_CORE_BASE_WRITE_ALL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/durable_file.h"

namespace camnode {

// `path` is for the message.  Thread-safe, as far as `calls` is.
// Errors: StatusOfErrno's, "cannot write PATH"; some of the bytes may then be there.
absl::Status WriteAll(int descriptor, absl::string_view bytes, const std::string& path,
                      FileSystemCalls& calls);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_WRITE_ALL_H_
