#include "core/storage/sql/database_uri.h"

#include <libpq-fe.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace camnode {
namespace {

// As RFC 3986 has it, and libpq takes it.
std::string PercentEncoded(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      encoded += c;
    } else {
      absl::StrAppend(&encoded, "%", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    }
  }
  return encoded;
}

}  // namespace

absl::StatusOr<bool> HoldsPassword(const std::string& uri) {
  if (absl::StartsWith(uri, "sqlite:")) return false;
  char* complaint = nullptr;  // Quotes the URI.
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(uri.c_str(), &complaint), PQconninfoFree);
  PQfreemem(complaint);
  if (options == nullptr) {
    return absl::InvalidArgumentError(
        "is no URI of PostgreSQL; expected postgresql://USER@HOST:PORT/DATABASE, special "
        "characters in each part as %XX");
  }
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0' &&
        absl::EndsWith(option->keyword, "password")) {
      return true;
    }
  }
  return false;
}

std::string WithPassword(const std::string& uri, const std::string& password) {
  const char* const joint = absl::StrContains(uri, '?') ? "&" : "?";
  return absl::StrCat(uri, joint, "password=", PercentEncoded(password));
}

}  // namespace camnode
