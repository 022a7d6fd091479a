// Names that nobody else draws: of blobs, stores, nodes, histories.

#ifndef CAMNODE_CORE_BASE_RANDOM_ID_H_
#define CAMNODE_CORE_BASE_RANDOM_ID_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// `digits` lower-case hexadecimal digits from the kernel's random numbers.  Thread-safe.
// REQUIRES: `digits` is even, at most 64.
// Errors: kUnavailable if the kernel has none.
absl::StatusOr<std::string> RandomHexDigits(size_t digits);

// True if `text` is such a name of `digits` digits.
bool IsHexDigits(absl::string_view text, size_t digits);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_RANDOM_ID_H_
