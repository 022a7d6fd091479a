// One connection to a database, as the parts that both drivers share see it.

#ifndef CAMNODE_CORE_STORAGE_SQL_SQL_CONNECTION_H_
#define CAMNODE_CORE_STORAGE_SQL_SQL_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Used by one thread at a time.  Errors: as SqlDatabase.
class SqlConnection {
 public:
  virtual ~SqlConnection() = default;

  virtual absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                                    const SqlParameters& parameters) = 0;
  virtual absl::StatusOr<int64_t> Execute(absl::string_view sql,
                                          const SqlParameters& parameters) = 0;
  // A statement without parameters or answer: BEGIN, SAVEPOINT, COMMIT.
  absl::Status Run(absl::string_view sql) { return Execute(sql, {}).status(); }

  virtual SqlDialect dialect() const = 0;

  // False outside a transaction, and once an error ended the transaction: a full
  // disk rolls back everything on SQLite, a lost connection on PostgreSQL.
  virtual bool InTransaction() = 0;

  // True if a statement failed since the last call only because another
  // transaction was in the way (deadlock, serialisation): the same work may
  // succeed in a transaction of its own.
  virtual bool TakeConflict() = 0;

  // False once the connection is lost: throw it away.
  virtual bool Usable() = 0;

  // `watch` is asked before each statement and every few milliseconds while it runs; once
  // it gives an error, the statement ends with that, and so does every later one.  A
  // connection to a server is lost then.  nullptr: no watch.
  using Watch = std::function<absl::Status()>;
  virtual void SetWatch(Watch watch) = 0;

  // See SqlTransaction.
  virtual absl::Status AllowLongStatements() { return absl::OkStatus(); }
};

// What `work` sees of a connection.  Collects the topics to ring.
class ConnectionTransaction final : public SqlTransaction {
 public:
  enum class Access { kRead, kWrite };
  ConnectionTransaction(SqlConnection& connection, Access access)
      : connection_(connection), access_(access) {}

  absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                            const SqlParameters& parameters) override {
    return connection_.Query(sql, parameters);
  }
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const SqlParameters& parameters) override {
    if (access_ == Access::kRead) {
      return absl::InternalError("a statement that changes rows in a read transaction");
    }
    return connection_.Execute(sql, parameters);
  }
  SqlDialect dialect() const override { return connection_.dialect(); }
  void RingAfterCommit(absl::string_view topic) override { topics_.emplace_back(topic); }
  absl::Status AllowLongStatements() override { return connection_.AllowLongStatements(); }

  const std::vector<std::string>& topics() const { return topics_; }

 private:
  SqlConnection& connection_;
  const Access access_;
  std::vector<std::string> topics_;
};

// `text` as both databases take it: valid UTF-8 without NUL.  Every other byte
// becomes '?': peers send what they like as a modality or a title.
std::string CleanText(absl::string_view text);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SQL_CONNECTION_H_
