#include "core/storage/id_list.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace camnode {

std::string IsOneOf(SqlDialect dialect, absl::string_view column, absl::string_view parameter) {
  if (dialect == SqlDialect::kSqlite) {
    return absl::StrCat(column, " IN (SELECT value FROM json_each(:", parameter, "))");
  }
  return absl::StrCat(column, " = ANY (CAST(:", parameter, " AS BIGINT[]))");
}

std::string IdList(SqlDialect dialect, const std::vector<int64_t>& ids) {
  const std::string joined = absl::StrJoin(ids, ",");
  return dialect == SqlDialect::kSqlite ? absl::StrCat("[", joined, "]")
                                        : absl::StrCat("{", joined, "}");
}

}  // namespace camnode
