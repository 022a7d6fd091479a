// Whose turn it is: an order, and no date but the end of a back-off or of a lease.
//
// Tables `job` and `delivery` keep it in `available_ms`: NULL is over; kDueNow may be taken, in
// the order of the ids; anything else waits, or is held, until then.  Dates come from a clock
// that somebody may set.  So what may be taken carries none, and a time further off than any
// wait or lease can be was written under another date: such a wait is over, such a lease gets
// its full length from now.

#ifndef CAMNODE_CORE_STORAGE_DUE_H_
#define CAMNODE_CORE_STORAGE_DUE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

inline constexpr int64_t kDueNow = 0;

// The longest that a row of a table may wait or be held.
struct LongestWaits {
  absl::Duration backoff;
  absl::Duration lease;
};

// One table's rows that wait for their turn in one line: those of a priority, of a destination.
struct Line {
  absl::string_view table;   // "job" or "delivery".
  absl::string_view column;  // "priority" or "destination"; first in the index on available_ms.
  SqlValue value;
};

// The `available_ms` of a row that waits for `wait` from `now_ms` on, but for no longer than
// `waits` allow.
int64_t DueAfter(int64_t now_ms, absl::Duration wait, const LongestWaits& waits);

// True if a row of the line may be taken.  Takes no lock.
// Errors: SqlDatabase's.
absl::StatusOr<bool> AnyDue(SqlTransaction& transaction, const Line& line,
                            const LongestWaits& waits, int64_t now_ms);

// Gives kDueNow to the rows of the line whose wait or lease is over, the state of the latter
// staying 'leased', so that whoever takes the row sees that its holder went quiet.
// Errors: SqlDatabase's.
absl::Status EndWaits(SqlTransaction& transaction, const Line& line, const LongestWaits& waits,
                      int64_t now_ms);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_DUE_H_
