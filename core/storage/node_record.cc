#include "core/storage/node_record.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/migrations.h"

namespace camnode {

absl::Status WriteNodeRecord(SqlDatabase& database, const NodeRecord& node) {
  return database.Write([&](SqlTransaction& transaction) {
    return transaction
        .Execute(R"sql(
          INSERT INTO node (id, node_id, host, pid, started_ms)
          VALUES (1, :node, :host, :pid, :started)
          ON CONFLICT (id) DO UPDATE SET node_id = excluded.node_id, host = excluded.host,
            pid = excluded.pid, started_ms = excluded.started_ms)sql",
                 {{"node", node.node_id},
                  {"host", node.host},
                  {"pid", node.pid},
                  {"started", node.started_ms}})
        .status();
  });
}

absl::StatusOr<absl::optional<NodeRecord>> ReadNodeRecord(SqlDatabase& database) {
  absl::optional<NodeRecord> node;
  CAMNODE_RETURN_IF_ERROR(database.Read([&](SqlTransaction& transaction) -> absl::Status {
    node.reset();
    CAMNODE_ASSIGN_OR_RETURN(const bool exists, TableExists(transaction, "node"));
    if (!exists) return absl::OkStatus();
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query("SELECT node_id, host, pid, started_ms FROM node WHERE id = 1", {}));
    if (rows.empty()) return absl::OkStatus();
    node = NodeRecord{rows[0].Text(0), rows[0].Text(1), rows[0].Int(2), rows[0].Int(3)};
    return absl::OkStatus();
  }));
  return node;
}

std::string DescribeNode(const NodeRecord& node) {
  return absl::StrCat(
      "node ", node.node_id, " on host ", node.host, ", process ", node.pid, ", since ",
      absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", FromUnixMs(node.started_ms), absl::UTCTimeZone()));
}

}  // namespace camnode
