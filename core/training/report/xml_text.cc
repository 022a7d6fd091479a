#include "core/training/report/xml_text.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";

// Bytes of the character that `text` begins with; 0 if it is not valid UTF-8 (RFC 3629:
// no overlong form, no surrogate, nothing above U+10FFFF).
size_t CharacterBytes(absl::string_view text) {
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

bool IsForbidden(absl::string_view character) {
  if (character.size() == 1) {
    const char c = character[0];
    return static_cast<uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  }
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

}  // namespace

std::string CleanUtf8(absl::string_view text) {
  std::string clean;
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) {
      absl::StrAppend(&clean, kReplacement);
      text.remove_prefix(1);
      continue;
    }
    clean.append(text.data(), bytes);
    text.remove_prefix(bytes);
  }
  return clean;
}

std::string EscapeXml(absl::string_view text) {
  std::string escaped;
  const std::string clean = CleanUtf8(text);
  for (absl::string_view rest = clean; !rest.empty();) {
    const absl::string_view character = rest.substr(0, CharacterBytes(rest));
    rest.remove_prefix(character.size());
    switch (character[0]) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        absl::StrAppend(&escaped, IsForbidden(character) ? kReplacement : character);
    }
  }
  return escaped;
}

}  // namespace camnode
