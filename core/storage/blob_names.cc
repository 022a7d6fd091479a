#include "core/storage/blob_names.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

struct NamingColumn {
  const char* table;
  const char* column;
};

// Whoever adds a column that names blobs adds it here, or the sweep takes what it names.
constexpr NamingColumn kColumns[] = {
    {"instance", "blob_id"},
    {"quarantined_instance", "blob_id"},
    {"derived_instance", "blob_id"},
    {"analysis", "display_blob_id"},
};

// The ids travel as one parameter, so that the statement is the same for any number.
std::string StatementFor(SqlDialect dialect) {
  const char* among = dialect == SqlDialect::kSqlite
                          ? " IN (SELECT value FROM json_each(:ids))"
                          : " = ANY (ARRAY(SELECT json_array_elements_text(CAST(:ids AS json))))";
  std::string sql;
  for (const NamingColumn& naming : kColumns) {
    absl::StrAppend(&sql, sql.empty() ? "" : " UNION ALL ", "SELECT ", naming.column, " FROM ",
                    naming.table, " WHERE ", naming.column, among);
  }
  return sql;
}

}  // namespace

absl::StatusOr<std::set<std::string>> BlobNames::Among(const std::vector<std::string>& ids) {
  if (ids.empty()) return std::set<std::string>();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_, StatementFor(database_.dialect()),
               {{"ids", absl::StrCat("[\"", absl::StrJoin(ids, "\",\""), "\"]")}}));
  std::set<std::string> named;
  for (const SqlRow& row : rows) named.insert(row.Text(0));
  return named;
}

}  // namespace camnode
