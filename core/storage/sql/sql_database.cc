#include "core/storage/sql/sql_database.h"

#include <cstddef>

#include "core/base/status_macros.h"

namespace camnode {

bool SqlRow::IsNull(size_t column) const {
  return absl::holds_alternative<SqlNull>(values_.at(column));
}

int64_t SqlRow::Int(size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* integer = absl::get_if<int64_t>(&value)) return *integer;
  if (const auto* real = absl::get_if<double>(&value)) return static_cast<int64_t>(*real);
  return 0;
}

double SqlRow::Real(size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* real = absl::get_if<double>(&value)) return *real;
  if (const auto* integer = absl::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  return 0.0;
}

std::string SqlRow::Text(size_t column) const {
  const SqlValue& value = values_.at(column);
  if (const auto* text = absl::get_if<std::string>(&value)) return *text;
  if (const auto* blob = absl::get_if<SqlBlob>(&value)) return blob->bytes;
  return "";
}

absl::StatusOr<std::vector<SqlRow>> ReadRows(SqlDatabase& database, absl::string_view sql,
                                             const SqlParameters& parameters) {
  std::vector<SqlRow> rows;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(rows, transaction.Query(sql, parameters));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database.Read(read));
  return rows;
}

}  // namespace camnode
