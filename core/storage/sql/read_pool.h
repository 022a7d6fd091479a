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
#include "core/storage/sql/read_gate.h"
#include "core/storage/sql/read_limits.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Thread-safe.  At most `max_connections` are open; more readers wait, within their
// limits (read_limits.h).
class ReadPool {
 public:
  using Connect = std::function<absl::StatusOr<std::unique_ptr<SqlConnection>>()>;

  // `begin`: the statement that opens a read transaction.  `gate`: which every read
  // passes; nullptr: none.
  ReadPool(Connect connect, std::string begin, int max_connections,
           std::shared_ptr<ReadGate> gate = nullptr);

  // See SqlDatabase::Read.
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work);

 private:
  absl::Status ReadBy(std::unique_ptr<SqlConnection>& connection, const ReadWatch& watch,
                      absl::FunctionRef<absl::Status(SqlTransaction&)> work);
  absl::StatusOr<std::unique_ptr<SqlConnection>> Acquire(const ReadWatch& watch);
  // `ended`: how the read did that used it.
  void Release(std::unique_ptr<SqlConnection> connection, const absl::Status& ended);
  absl::Status Begin(std::unique_ptr<SqlConnection>& connection, const ReadWatch& watch);

  const Connect connect_;
  const std::string begin_;
  const int max_connections_;
  const std::shared_ptr<ReadGate> gate_;

  Mutex mutex_;
  CondVar released_;
  std::vector<std::unique_ptr<SqlConnection>> idle_ ABSL_GUARDED_BY(mutex_);
  int in_use_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_READ_POOL_H_
