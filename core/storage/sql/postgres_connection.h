// One connection to a PostgreSQL server.

#ifndef CAMNODE_CORE_STORAGE_SQL_POSTGRES_CONNECTION_H_
#define CAMNODE_CORE_STORAGE_SQL_POSTGRES_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/storage/sql/named_parameters.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sql_database.h"

struct pg_conn;
struct pg_result;

namespace camnode {

// What an SQLSTATE ("" if the connection was lost) means to a caller; see
// SqlDatabase.
absl::StatusCode StatusCodeOfSqlState(absl::string_view sqlstate);

// A server that was stopped, or a machine that vanished, costs a statement some seconds:
// whoever waits then drops the connection.  The server, which looks several times a second
// whether its client is still there (from version 14 on), ends the statement too.
class PostgresConnection final : public SqlConnection {
 public:
  // Blocks for at most some seconds, for each host that the URI names.
  // Errors: kUnavailable, without the URI, which may hold a password.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const std::string& uri);
  ~PostgresConnection() override;

  absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                            const SqlParameters& parameters) override;
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const SqlParameters& parameters) override;
  SqlDialect dialect() const override { return SqlDialect::kPostgres; }
  bool InTransaction() override;
  bool TakeConflict() override;
  bool Usable() override;
  void SetWatch(Watch watch) override { watch_ = std::move(watch); }
  absl::Status AllowLongStatements() override;

  // `sql` opens a transaction, whose statements have seconds until AllowLongStatements.
  absl::Status Begin(absl::string_view sql);
  // COMMIT; an error, too, if the server answered with a rollback, as it does
  // when a statement of the transaction had failed.
  absl::Status Commit();

  // For waiting on its socket; owned by this object.
  pg_conn* handle() { return handle_; }

 private:
  struct ResultDeleter {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, ResultDeleter>;

  explicit PostgresConnection(pg_conn* handle) : handle_(handle) {}

  const NumberedStatement& Numbered(absl::string_view sql);
  absl::StatusOr<Result> Send(absl::string_view sql, const SqlParameters& parameters);
  // Statements without parameters or answer, separated by semicolons.
  absl::Status SendAll(const char* sql);
  // The answer to what was sent.  Gives up by the watch or after `patience_`, and then the
  // connection is lost.
  absl::StatusOr<Result> Receive();
  // Lets bytes go and come for a moment.
  absl::Status Exchange(absl::Duration moment);
  absl::Status GiveUp(const absl::Status& why);
  absl::Status Error(const pg_result* result);

  pg_conn* handle_;
  bool conflict_ = false;
  bool given_up_ = false;
  absl::Duration patience_;
  Watch watch_;
  // Every statement of ours is a constant, so they are few.
  std::unordered_map<std::string, NumberedStatement> statements_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_POSTGRES_CONNECTION_H_
