// The seam under every store: one database, SQLite or PostgreSQL.
//
// The seam is here and not at the queue because finishing a job, storing its
// result and scheduling its deliveries must be one transaction.

#ifndef CAMNODE_CORE_STORAGE_SQL_SQL_DATABASE_H_
#define CAMNODE_CORE_STORAGE_SQL_SQL_DATABASE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"

namespace camnode {

struct SqlNull {};
struct SqlBlob {
  std::string bytes;
};
using SqlValue = absl::variant<SqlNull, int64_t, double, std::string, SqlBlob>;

// A named parameter: {"job", 17} for `:job` in the statement.
struct SqlParameter {
  SqlParameter(absl::string_view n, SqlNull) : name(n), value(SqlNull{}) {}
  SqlParameter(absl::string_view n, int64_t v) : name(n), value(v) {}
  SqlParameter(absl::string_view n, int v) : name(n), value(int64_t{v}) {}
  SqlParameter(absl::string_view n, bool v) : name(n), value(int64_t{v ? 1 : 0}) {}
  SqlParameter(absl::string_view n, double v) : name(n), value(v) {}
  SqlParameter(absl::string_view n, const absl::optional<double>& v) : name(n) {
    if (v.has_value()) value = *v;  // Otherwise NULL.
  }
  SqlParameter(absl::string_view n, std::string v) : name(n), value(std::move(v)) {}
  SqlParameter(absl::string_view n, absl::string_view v) : name(n), value(std::string(v)) {}
  SqlParameter(absl::string_view n, const char* v) : name(n), value(std::string(v)) {}
  SqlParameter(absl::string_view n, SqlBlob v) : name(n), value(std::move(v)) {}
  SqlParameter(absl::string_view n, SqlValue v) : name(n), value(std::move(v)) {}

  std::string name;
  SqlValue value;
};
using SqlParameters = std::vector<SqlParameter>;

// One row of an answer.  Columns are asked for by position, in the order of the
// SELECT; asking for a NULL gives the zero of the type.
class SqlRow {
 public:
  explicit SqlRow(std::vector<SqlValue> values) : values_(std::move(values)) {}

  bool IsNull(size_t column) const;
  int64_t Int(size_t column) const;
  double Real(size_t column) const;
  std::string Text(size_t column) const;  // Also of a blob.
  size_t size() const { return values_.size(); }

 private:
  std::vector<SqlValue> values_;
};

enum class SqlDialect { kSqlite, kPostgres };

// Belongs to one thread, for the length of one call of Write or Read.
//
// Statements are written once for both dialects, with `:name` parameters; where
// they must differ, ask dialect().
class SqlTransaction {
 public:
  virtual ~SqlTransaction() = default;

  virtual absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                                    const SqlParameters& parameters) = 0;
  // Returns the number of rows changed.
  virtual absl::StatusOr<int64_t> Execute(absl::string_view sql,
                                          const SqlParameters& parameters) = 0;
  virtual SqlDialect dialect() const = 0;

  // Rings the doorbell's topic once this transaction has committed.
  virtual void RingAfterCommit(absl::string_view topic) = 0;

  // Statements of this transaction may take an hour where others have seconds: a
  // migration reads whole tables.
  virtual absl::Status AllowLongStatements() { return absl::OkStatus(); }
};

// Thread-safe.
//
// Errors of all calls: kUnavailable when the database is locked, gone, does not answer
// in time or cannot write (disk full: kResourceExhausted); kAlreadyExists for a broken
// uniqueness rule; kInternal for a damaged file or a wrong statement.
//
// No call waits for ever: not for its turn, nor for a connection, nor for the answer of
// a server that was stopped.  What can still hold one is the disk itself, in a sync.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;

  // Runs `work` in a write transaction and returns when it is durable.  Calls
  // that wait at the same time share one commit (and its one sync); each runs
  // under its own savepoint, so an error undoes that call's work alone and is
  // returned to it.  `work` may run on another thread, and, if the commit of a
  // group fails, more than once: it must have no effect but on the database and
  // on variables it sets anew each time.
  virtual absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) = 0;

  // Runs `work` in a read transaction: a consistent view.  Keep it short; on
  // SQLite a long one keeps the write-ahead log from shrinking.
  //
  // Ends within the limits that the thread has set (read_limits.h), by default ten
  // seconds.  Errors, besides the above: kCancelled, kDeadlineExceeded, and
  // kResourceExhausted if no connection was free in time, where limits were set.
  virtual absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) = 0;

  virtual SqlDialect dialect() const = 0;
};

// The rows of one SELECT, in a read transaction of their own.
// Errors: SqlDatabase's.
absl::StatusOr<std::vector<SqlRow>> ReadRows(SqlDatabase& database, absl::string_view sql,
                                             const SqlParameters& parameters);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SQL_DATABASE_H_
