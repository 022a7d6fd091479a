#include "services/api/page_token.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/api/grpc_status.h"

namespace camnode {
namespace {

constexpr int kDefaultPageSize = 50;
constexpr int kMaxPageSize = 200;
constexpr std::size_t kMaxTokenBytes = 1000;
// In front of every token, so that its form can change one day.
constexpr char kForm[] = "1";

// No value contains it: they are numbers, UIDs and names of ours.
constexpr char kSeparator = '|';

absl::Status WrongToken() {
  return FieldError("page_token", "is not a token that a call with the same other arguments gave");
}

}  // namespace

absl::StatusOr<int> PageSizeOf(int requested) {
  if (requested < 0) return FieldError("page_size", "is negative");
  return requested == 0 ? kDefaultPageSize : std::min(requested, kMaxPageSize);
}

std::string MakePageToken(absl::string_view list, absl::string_view arguments,
                          const std::vector<std::string>& cursor) {
  const std::string separator(1, kSeparator);
  return absl::WebSafeBase64Escape(absl::StrCat(kForm, separator, list, separator, arguments,
                                                separator, absl::StrJoin(cursor, separator)));
}

absl::StatusOr<std::vector<std::string>> ParsePageToken(absl::string_view token,
                                                        absl::string_view list,
                                                        absl::string_view arguments,
                                                        std::size_t cursor_size) {
  if (token.empty()) return std::vector<std::string>();
  std::string text;
  if (token.size() > kMaxTokenBytes || !absl::WebSafeBase64Unescape(token, &text)) {
    return WrongToken();
  }
  std::vector<std::string> parts = absl::StrSplit(text, kSeparator);
  if (parts.size() != cursor_size + 3 || parts[0] != kForm || parts[1] != list ||
      parts[2] != arguments) {
    return WrongToken();
  }
  parts.erase(parts.begin(), parts.begin() + 3);
  return parts;
}

absl::StatusOr<int64_t> CursorNumber(absl::string_view text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < 0) return WrongToken();
  return number;
}

}  // namespace camnode
