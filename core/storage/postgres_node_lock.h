// The lock of a node on a PostgreSQL database: an advisory lock of a session.

#ifndef CAMNODE_CORE_STORAGE_POSTGRES_NODE_LOCK_H_
#define CAMNODE_CORE_STORAGE_POSTGRES_NODE_LOCK_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/base/unique_descriptor.h"
#include "core/storage/node_lock.h"
#include "core/storage/sql/postgres_connection.h"

namespace camnode {

// The server gives the lock up when it sees the session end: at once for a process that died,
// within half a minute (tcp_keepalives) for a host that did.
//
// One thread waits for the end of the session, by its socket alone: a server that hangs keeps
// the lock and holds nobody up here.
class PostgresNodeLock final : public NodeLock {
 public:
  // Errors: kAlreadyExists if another session has it; those of PostgresConnection.
  static absl::StatusOr<std::unique_ptr<NodeLock>> Try(const std::string& uri);
  ~PostgresNodeLock() override;

  void Watch(const std::string& store_id, const std::string& node_id, OnLost on_lost) override;

 private:
  PostgresNodeLock(std::string uri, std::unique_ptr<PostgresConnection> connection,
                   UniqueDescriptor wake);

  void Run();
  // False if this object ends.
  bool WaitForEndOfSession(int timeout_ms);
  // A new session with the lock.  OK without one: try again later.
  // Errors: kAlreadyExists if the database is not ours any more.
  absl::Status TakeAgain();

  const std::string uri_;
  const UniqueDescriptor wake_;
  std::string store_id_;  // Constant once the thread runs, as the next two.
  std::string node_id_;
  OnLost on_lost_;
  std::unique_ptr<PostgresConnection> connection_;  // Of the thread once it runs; null: lost.
  Mutex mutex_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_POSTGRES_NODE_LOCK_H_
