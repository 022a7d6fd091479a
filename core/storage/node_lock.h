// At most one node on a database, for as long as it lives.
//
// On PostgreSQL an advisory lock of a session of its own; on SQLite a lock on a file beside
// the database.  Both end with the process that holds them.

#ifndef CAMNODE_CORE_STORAGE_NODE_LOCK_H_
#define CAMNODE_CORE_STORAGE_NODE_LOCK_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace camnode {

// Thread-safe.
class NodeLock {
 public:
  // Called at most once, on a thread of the lock's, when the lock is lost for good: another
  // has the database now, and this node must stop.
  using OnLost = std::function<void(const absl::Status& why)>;

  // Takes the lock of the database that `uri` names.  `patience`: how long to wait for
  // another holder, which a killed one may be for a moment.
  // Errors: kAlreadyExists if another holds it; kInvalidArgument for another scheme;
  // otherwise those of FileLock and PostgresConnection.
  static absl::StatusOr<std::unique_ptr<NodeLock>> Take(const std::string& uri,
                                                        absl::Duration patience);
  // Gives it back.
  virtual ~NodeLock() = default;

  // From now on a loss is reported.  On PostgreSQL a session that was lost is replaced and the
  // lock taken again; the loss is for good if the database is then of another store than
  // `store_id`, or the row of table node is another's than `node_id`.
  virtual void Watch(const std::string& store_id, const std::string& node_id, OnLost on_lost) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_NODE_LOCK_H_
