// Text from files and data sets, made valid UTF-8.

#ifndef CAMNODE_CORE_BASE_UTF8_H_
#define CAMNODE_CORE_BASE_UTF8_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

// Bytes of the character that `text` begins with; 0 if it is not valid UTF-8 (RFC 3629:
// no overlong form, no surrogate, nothing above U+10FFFF).
// REQUIRES: `text` is not empty.
size_t Utf8CharacterBytes(absl::string_view text);

// Every byte that is not part of valid UTF-8 as U+FFFD.
std::string CleanUtf8(absl::string_view text);

// "'text'", in UTF-8 whatever it was: for messages.
std::string Quoted(absl::string_view text);
// "'a', 'b'"; of many the first.
std::string QuotedList(const std::vector<std::string>& texts);

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_UTF8_H_
