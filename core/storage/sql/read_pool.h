// Connections for reading, used again and again.

#ifndef CAMNODE_CORE_STORAGE_SQL_READ_POOL_H_
#define CAMNODE_CORE_STORAGE_SQL_READ_POOL_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/mutex.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Thread-safe.  At most `max_connections` are open; more readers wait.
class ReadPool {
 public:
  using Connect = std::function<absl::StatusOr<std::unique_ptr<SqlConnection>>()>;

  // `begin`: the statement that opens a read transaction.
  ReadPool(Connect connect, std::string begin, int max_connections);

  // See SqlDatabase::Read.
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work);

 private:
  absl::StatusOr<std::unique_ptr<SqlConnection>> Acquire();
  void Release(std::unique_ptr<SqlConnection> connection);
  absl::Status Begin(std::unique_ptr<SqlConnection>& connection);

  const Connect connect_;
  const std::string begin_;
  const int max_connections_;

  Mutex mutex_;
  CondVar released_;
  std::vector<std::unique_ptr<SqlConnection>> idle_ ABSL_GUARDED_BY(mutex_);
  int in_use_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_READ_POOL_H_
