#include "core/storage/sql/named_parameters.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Length of the quoted text that `sql` begins with; a doubled quote inside it
// simply begins the next one.
size_t QuotedLength(absl::string_view sql) {
  const size_t end = sql.find(sql[0], 1);
  return end == absl::string_view::npos ? sql.size() : end + 1;
}

size_t NameLength(absl::string_view sql) {
  return static_cast<size_t>(std::find_if_not(sql.begin(), sql.end(), IsNameCharacter) -
                             sql.begin());
}

// 1, 2, ...
size_t NumberOf(absl::string_view name, std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<size_t>(found - names.begin()) + 1;
  names.emplace_back(name);
  return names.size();
}

}  // namespace

NumberedStatement NumberParameters(absl::string_view sql) {
  NumberedStatement statement;
  while (!sql.empty()) {
    size_t copied = 1;
    if (sql[0] == '\'' || sql[0] == '"') {
      copied = QuotedLength(sql);
    } else if (sql.substr(0, 2) == "::") {
      copied = 2;
    } else if (sql[0] == ':' && NameLength(sql.substr(1)) > 0) {
      const absl::string_view name = sql.substr(1, NameLength(sql.substr(1)));
      absl::StrAppend(&statement.sql, "$", NumberOf(name, statement.names));
      sql.remove_prefix(1 + name.size());
      continue;
    }
    absl::StrAppend(&statement.sql, sql.substr(0, copied));
    sql.remove_prefix(copied);
  }
  return statement;
}

}  // namespace camnode
