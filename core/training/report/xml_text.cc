#include "core/training/report/xml_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"

namespace camnode {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

bool IsForbidden(absl::string_view character) {
  if (character.size() == 1) {
    const char c = character[0];
    return static_cast<uint8_t>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  }
  return character == "\xef\xbf\xbe" || character == "\xef\xbf\xbf";
}

}  // namespace

std::string EscapeXml(absl::string_view text) {
  std::string escaped;
  const std::string clean = CleanUtf8(text);
  for (absl::string_view rest = clean; !rest.empty();) {
    const absl::string_view character = rest.substr(0, Utf8CharacterBytes(rest));
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
