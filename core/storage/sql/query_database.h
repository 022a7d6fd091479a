// The database as those see it who only look: viewers, list calls, reports.

#ifndef CAMNODE_CORE_STORAGE_SQL_QUERY_DATABASE_H_
#define CAMNODE_CORE_STORAGE_SQL_QUERY_DATABASE_H_

#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/storage/sql/read_pool.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Reads go by a pool of their own, so that however many of them wait, reception, leases,
// heartbeats and health find theirs free; writes go the way of all.  Thread-safe.
class QueryDatabase final : public SqlDatabase {
 public:
  // `database` outlives it.
  QueryDatabase(SqlDatabase& database, std::unique_ptr<ReadPool> readers)
      : database_(database), readers_(std::move(readers)) {}

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return database_.Write(work);
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return readers_->Read(work);
  }
  SqlDialect dialect() const override { return database_.dialect(); }

 private:
  SqlDatabase& database_;
  const std::unique_ptr<ReadPool> readers_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_QUERY_DATABASE_H_
