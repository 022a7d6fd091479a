// One connection to an SQLite file.

#ifndef CAMNODE_CORE_STORAGE_SQL_SQLITE_CONNECTION_H_
#define CAMNODE_CORE_STORAGE_SQL_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sql_database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace camnode {

// What an extended SQLite result code means to a caller; see SqlDatabase.
absl::StatusCode StatusCodeOfSqlite(int extended_code);

class SqliteConnection final : public SqlConnection {
 public:
  // Creates the file if need be.  Does not set the journal mode, which belongs to
  // the file and needs it alone: see SetWalMode.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& file);
  ~SqliteConnection() override;

  // Write-ahead log, for good.  REQUIRES: no other program opens the file now.
  absl::Status SetWalMode();
  // SQLite would copy the log into the database within a COMMIT, whose caller waits.
  // From now on nobody does until Checkpoint is called.
  void CheckpointOnlyWhenTold();
  // Pages in the log after the last commit of this connection.  REQUIRES:
  // CheckpointOnlyWhenTold.
  int log_pages() const { return log_pages_; }
  // Copies what readers allow.  Nothing is lost if it fails; the next one copies more.
  void Checkpoint();
  // From now on a statement that changes rows is an error, and little is cached: every
  // commit of the writer empties a reader's cache, and what a count once filled in each
  // thread's heap would stay there.
  absl::Status MakeReader();

  absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                            const SqlParameters& parameters) override;
  absl::StatusOr<int64_t> Execute(absl::string_view sql, const SqlParameters& parameters) override;
  SqlDialect dialect() const override { return SqlDialect::kSqlite; }
  bool InTransaction() override;
  bool TakeConflict() override { return false; }  // Writers queue up; nobody is in the way.
  bool Usable() override { return true; }
  void SetWatch(Watch watch) override;

 private:
  struct StatementDeleter {
    void operator()(sqlite3_stmt* statement) const;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, StatementDeleter>;

  explicit SqliteConnection(sqlite3* handle) : handle_(handle) {}

  absl::StatusOr<sqlite3_stmt*> Prepare(absl::string_view sql);
  absl::Status Bind(sqlite3_stmt* statement, const SqlParameters& parameters);
  // Runs to the end; appends rows if `rows` is given.
  absl::Status StepAll(sqlite3_stmt* statement, std::vector<SqlRow>* rows);
  absl::Status Error(int code) const;

  sqlite3* handle_;
  int log_pages_ = 0;
  Watch watch_;
  absl::Status watch_error_;  // What ended the statement under way.
  // Every statement of ours is a constant, so they are few.
  std::unordered_map<std::string, Statement> statements_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SQLITE_CONNECTION_H_
