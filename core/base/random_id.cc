#include "core/base/random_id.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/escaping.h"
#include "core/base/durable_file.h"

namespace camnode {

absl::StatusOr<std::string> RandomHexDigits(size_t digits) {
  std::array<char, 32> bytes;
  if (::getentropy(bytes.data(), bytes.size()) != 0) {
    return StatusOfErrno(errno, "cannot draw a random name");
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), digits / 2));
}

bool IsHexDigits(absl::string_view text, size_t digits) {
  return text.size() == digits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace camnode
