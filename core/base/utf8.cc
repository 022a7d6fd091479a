#include "core/base/utf8.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace camnode {

size_t Utf8CharacterBytes(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint8_t>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const size_t bytes = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < bytes) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xf0 && byte(1) < 0x90);
  const bool surrogate = byte(0) == 0xed && byte(1) > 0x9f;
  const bool too_high = byte(0) == 0xf4 && byte(1) > 0x8f;
  return overlong || surrogate || too_high ? 0 : bytes;
}

std::string CleanUtf8(absl::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const size_t bytes = Utf8CharacterBytes(text);
    if (bytes == 0) {
      absl::StrAppend(&clean, "\xef\xbf\xbd");
      text.remove_prefix(1);
      continue;
    }
    clean.append(text.data(), bytes);
    text.remove_prefix(bytes);
  }
  return clean;
}

std::string Quoted(absl::string_view text) { return absl::StrCat("'", CleanUtf8(text), "'"); }

std::string QuotedList(const std::vector<std::string>& texts) {
  constexpr size_t kShown = 20;
  std::vector<std::string> shown;
  for (const std::string& text : texts) {
    if (shown.size() == kShown) return absl::StrCat(absl::StrJoin(shown, ", "), " and more");
    shown.push_back(Quoted(text));
  }
  return absl::StrJoin(shown, ", ");
}

}  // namespace camnode
