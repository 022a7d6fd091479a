#include "core/storage/sql/read_pool.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

ReadPool::ReadPool(Connect connect, std::string begin, int max_connections)
    : connect_(std::move(connect)), begin_(std::move(begin)), max_connections_(max_connections) {}

absl::Status ReadPool::Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SqlConnection> connection, Acquire());
  absl::Status status = Begin(connection);
  if (status.ok()) {
    ConnectionTransaction transaction(*connection, ConnectionTransaction::Access::kRead);
    status = work(transaction);
    // Nothing was changed, so how it ends does not matter: what `work` read is good.
    connection->Run("ROLLBACK").IgnoreError();
  }
  Release(std::move(connection));
  return status;
}

// A pooled connection may have died since its last use: then one new one.
absl::Status ReadPool::Begin(std::unique_ptr<SqlConnection>& connection) {
  const absl::Status status = connection->Run(begin_);
  if (status.ok() || connection->Usable()) return status;
  CAMNODE_ASSIGN_OR_RETURN(connection, connect_());
  return connection->Run(begin_);
}

absl::StatusOr<std::unique_ptr<SqlConnection>> ReadPool::Acquire() {
  {
    MutexLock lock(&mutex_);
    while (idle_.empty() && in_use_ >= max_connections_) released_.Wait(&mutex_);
    ++in_use_;
    if (!idle_.empty()) {
      std::unique_ptr<SqlConnection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  absl::StatusOr<std::unique_ptr<SqlConnection>> connection = connect_();
  if (!connection.ok()) Release(nullptr);
  return connection;
}

void ReadPool::Release(std::unique_ptr<SqlConnection> connection) {
  if (connection != nullptr && (!connection->Usable() || connection->InTransaction())) {
    connection.reset();
  }
  MutexLock lock(&mutex_);
  --in_use_;
  if (connection != nullptr) idle_.push_back(std::move(connection));
  released_.Signal();
}

}  // namespace camnode
