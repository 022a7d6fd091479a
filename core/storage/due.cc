#include "core/storage/due.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/job_rows.h"

namespace camnode {
namespace {

int64_t Later(int64_t now_ms, absl::Duration wait) {
  return now_ms + absl::ToInt64Milliseconds(wait);
}

// Which rows of the line, and the parameters that this is said with.
struct Condition {
  std::string sql;
  SqlParameters parameters;
};

Condition Over(const Line& line, int64_t now_ms) {
  return {absl::StrCat(line.column, " = :line AND available_ms <= :now"),
          {{"line", line.value}, {"now", now_ms}}};
}

// Written under another date.  Only rows that wait or are held are looked at, which are few.
Condition Misdated(const Line& line, const LongestWaits& waits, int64_t now_ms) {
  return {absl::StrCat(line.column,
                       " = :line AND available_ms > :now AND available_ms > "
                       "CASE state WHEN 'leased' THEN :lease_ends ELSE :backoff_ends END"),
          {{"line", line.value},
           {"now", now_ms},
           {"lease_ends", Later(now_ms, waits.lease)},
           {"backoff_ends", Later(now_ms, waits.backoff)}}};
}

// A row that another transaction has locked is being taken or ended just now: passed over.
absl::Status SetAvailable(SqlTransaction& transaction, const Line& line, const Condition& condition,
                          absl::string_view available_ms) {
  return transaction
      .Execute(absl::StrCat("UPDATE ", line.table, " SET available_ms = ", available_ms,
                            " WHERE id IN (SELECT id FROM ", line.table, " WHERE ", condition.sql,
                            ForUpdateSkipLocked(transaction), ")"),
               condition.parameters)
      .status();
}

}  // namespace

int64_t DueAfter(int64_t now_ms, absl::Duration wait, const LongestWaits& waits) {
  if (wait <= absl::ZeroDuration()) return kDueNow;
  return Later(now_ms, std::min(wait, waits.backoff));
}

absl::StatusOr<bool> AnyDue(SqlTransaction& transaction, const Line& line,
                            const LongestWaits& waits, int64_t now_ms) {
  for (const Condition& due : {Over(line, now_ms), Misdated(line, waits, now_ms)}) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                             transaction.Query(absl::StrCat("SELECT 1 FROM ", line.table, " WHERE ",
                                                            due.sql, " LIMIT 1"),
                                               due.parameters));
    if (!rows.empty()) return true;
  }
  return false;
}

absl::Status EndWaits(SqlTransaction& transaction, const Line& line, const LongestWaits& waits,
                      int64_t now_ms) {
  CAMNODE_RETURN_IF_ERROR(SetAvailable(transaction, line, Misdated(line, waits, now_ms),
                                       "CASE state WHEN 'leased' THEN :lease_ends ELSE 0 END"));
  Condition over = Over(line, now_ms);
  absl::StrAppend(&over.sql, " AND available_ms > 0");
  return SetAvailable(transaction, line, over, "0");
}

}  // namespace camnode
