#include "core/storage/write_gap.h"

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/storage/job_rows.h"

namespace camnode {
namespace {

absl::StatusOr<int64_t> LastNoteMs(SqlTransaction& transaction, absl::string_view lock) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(absl::StrCat("SELECT probed_ms FROM storage_probe WHERE id = 1", lock),
                        {}));
  return rows.empty() ? 0 : rows[0].Int(0);
}

bool IsGap(int64_t last_ms, int64_t now_ms) {
  return last_ms > 0 && now_ms - last_ms > kLongestPauseMs;
}

}  // namespace

absl::Status ForgiveWriteGap(SqlTransaction& transaction, int64_t now_ms) {
  CAMNODE_ASSIGN_OR_RETURN(int64_t last_ms, LastNoteMs(transaction, ""));
  if (!IsGap(last_ms, now_ms)) return absl::OkStatus();
  // Of several who find the gap at the same time one forgives it.
  CAMNODE_ASSIGN_OR_RETURN(last_ms, LastNoteMs(transaction, ForUpdate(transaction)));
  if (!IsGap(last_ms, now_ms)) return absl::OkStatus();
  CAMNODE_RETURN_IF_ERROR(
      transaction
          .Execute("UPDATE job SET available_ms = available_ms + :gap WHERE state = 'leased' "
                   "AND available_ms IS NOT NULL AND available_ms >= :last",
                   {{"gap", now_ms - last_ms}, {"last", last_ms}})
          .status());
  return transaction
      .Execute("UPDATE storage_probe SET probed_ms = :now WHERE id = 1", {{"now", now_ms}})
      .status();
}

absl::Status NoteWrite(SqlTransaction& transaction, int64_t now_ms) {
  CAMNODE_RETURN_IF_ERROR(ForgiveWriteGap(transaction, now_ms));
  // A value that changes: SQLite writes no page for one that stays.
  return transaction
      .Execute("UPDATE storage_probe SET probes = probes + 1, probed_ms = :now WHERE id = 1",
               {{"now", now_ms}})
      .status();
}

}  // namespace camnode
