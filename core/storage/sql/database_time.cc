#include "core/storage/sql/database_time.h"

#include <vector>

#include "core/base/status_macros.h"

namespace camnode {

absl::StatusOr<int64_t> NowMs(SqlTransaction& transaction, const Clock& clock) {
  if (transaction.dialect() == SqlDialect::kSqlite || &clock != &SystemClock()) {
    return ToUnixMs(clock.Now());
  }
  // Not now(): that stands still from the beginning of the transaction, which
  // other calls of the group may have made long ago.
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", {}));
  return rows.at(0).Int(0);
}

}  // namespace camnode
