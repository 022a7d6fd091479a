// The database of one machine: an SQLite file, written by several programs.

#ifndef CAMNODE_CORE_STORAGE_SQL_SQLITE_DATABASE_H_
#define CAMNODE_CORE_STORAGE_SQL_SQLITE_DATABASE_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/group_writer.h"
#include "core/storage/sql/read_gate.h"
#include "core/storage/sql/read_pool.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Thread-safe.
//
// Write-ahead log, synchronous=FULL, foreign keys on.  Every write is BEGIN
// IMMEDIATE behind a blocking flock on `lock_file`, because SQLite's own waiting
// starves: see README.md, Decisions.
class SqliteDatabase final : public SqlDatabase {
 public:
  // All programs on one file pass the same `lock_file`.  `doorbell` outlives the
  // database.  Errors: as SqlDatabase, naming the file.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& file,
                                                              const std::string& lock_file,
                                                              Doorbell& doorbell);

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return writer_.Write(work);
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return readers_->Read(work);
  }
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }

  // Readers of its own for somebody.
  std::unique_ptr<ReadPool> NewReadPool(int max_connections) const;

  GroupWriter::Statistics statistics() const { return writer_.statistics(); }

 private:
  SqliteDatabase(const std::string& file, std::shared_ptr<ReadGate> gate,
                 std::unique_ptr<WriteDriver> driver);

  const std::string file_;
  const std::shared_ptr<ReadGate> gate_;  // Of all readers of this program.
  const std::unique_ptr<ReadPool> readers_;
  GroupWriter writer_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SQLITE_DATABASE_H_
