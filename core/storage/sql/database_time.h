// Which clock judges leases: the database's, where several hosts share it.

#ifndef CAMNODE_CORE_STORAGE_SQL_DATABASE_TIME_H_
#define CAMNODE_CORE_STORAGE_SQL_DATABASE_TIME_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// The time that leases are made and judged by, in milliseconds since 1970 UTC.
//
// On PostgreSQL, which several hosts share, it is the database's own, so that a
// host whose clock is wrong takes nobody's lease away; unless the clock handed
// in is not SystemClock(): then a test wants to turn it.
absl::StatusOr<int64_t> NowMs(SqlTransaction& transaction, const Clock& clock);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_DATABASE_TIME_H_
