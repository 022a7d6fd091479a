// Which node holds the database, or held it last: what a second one is told.

#ifndef CAMNODE_CORE_STORAGE_NODE_RECORD_H_
#define CAMNODE_CORE_STORAGE_NODE_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct NodeRecord {
  std::string node_id;  // Its data directory's, the same after a restart.
  std::string host;
  int64_t pid = 0;
  int64_t started_ms = 0;
};

// In the place of the one before.  REQUIRES: this node holds the NodeLock.
absl::Status WriteNodeRecord(SqlDatabase& database, const NodeRecord& node);

// Empty if no node was ever here, or the database has no such table yet.
absl::StatusOr<absl::optional<NodeRecord>> ReadNodeRecord(SqlDatabase& database);

// "node 3f9a12cd04be on host pacs1, process 4711, since 2026-11-29 08:00:00 UTC".
std::string DescribeNode(const NodeRecord& node);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_NODE_RECORD_H_
