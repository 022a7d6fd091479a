#include "core/domain/ae_title.h"

#include <cstddef>

#include "absl/status/status.h"

namespace camnode {
namespace {

constexpr size_t kMaxLength = 16;

}  // namespace

absl::StatusOr<AeTitle> AeTitle::Parse(absl::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text.empty()) return absl::InvalidArgumentError("AE title is empty");
  if (text.size() > kMaxLength) {
    return absl::InvalidArgumentError("AE title is longer than 16 characters");
  }
  for (const char c : text) {
    if (c < ' ' || c > '~' || c == '\\') {
      return absl::InvalidArgumentError(
          "AE title holds a character other than printable ASCII without backslash");
    }
  }
  return AeTitle(std::string(text));
}

}  // namespace camnode
