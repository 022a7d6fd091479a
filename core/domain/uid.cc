#include "core/domain/uid.h"

#include <algorithm>
#include <cstddef>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"

namespace camnode {
namespace {

constexpr size_t kMaxLength = 64;

absl::string_view TrimPadding(absl::string_view text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return text;
}

std::string Decimal(absl::uint128 value) {
  std::string digits;
  do {
    digits.push_back(static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

absl::StatusOr<Uid> Uid::Parse(absl::string_view text) {
  text = TrimPadding(text);
  if (text.empty()) return absl::InvalidArgumentError("UID is empty");
  if (text.size() > kMaxLength) {
    return absl::InvalidArgumentError(
        absl::StrCat("UID has ", text.size(), " characters, at most 64 are allowed"));
  }
  char previous = '.';
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c != '.' || previous == '.')) {
      return absl::InvalidArgumentError("UID may hold only digits and single dots between them");
    }
    previous = c;
  }
  if (previous == '.') return absl::InvalidArgumentError("UID ends with a dot");
  return Uid(std::string(text));
}

Uid Uid::Derive(absl::string_view name) {
  std::string bytes = absl::HexStringToBytes(Sha256Hex(name).substr(0, 32));
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x80);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  absl::uint128 value = 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<unsigned char>(byte);
  return Uid(absl::StrCat("2.25.", Decimal(value)));
}

}  // namespace camnode
