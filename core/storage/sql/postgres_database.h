// The database that several machines share: a PostgreSQL server.

#ifndef CAMNODE_CORE_STORAGE_SQL_POSTGRES_DATABASE_H_
#define CAMNODE_CORE_STORAGE_SQL_POSTGRES_DATABASE_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/sql/group_writer.h"
#include "core/storage/sql/read_pool.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Thread-safe.
//
// Writes run at READ COMMITTED, with rows locked where they are read to be
// changed; a deadlock's victim runs again by itself.  Reads are one REPEATABLE
// READ snapshot.  A lost connection is opened again by the next call.  Topics are
// rung by NOTIFY within the transaction: see PostgresDoorbell.
class PostgresDatabase final : public SqlDatabase {
 public:
  // Errors: kUnavailable if the server does not answer.
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Open(const std::string& uri);

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return writer_.Write(work);
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return readers_->Read(work);
  }
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }

  // Readers of its own for somebody.
  std::unique_ptr<ReadPool> NewReadPool(int max_connections) const;

  GroupWriter::Statistics statistics() const { return writer_.statistics(); }

 private:
  PostgresDatabase(const std::string& uri, std::unique_ptr<WriteDriver> driver);

  const std::string uri_;
  const std::unique_ptr<ReadPool> readers_;
  GroupWriter writer_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_POSTGRES_DATABASE_H_
