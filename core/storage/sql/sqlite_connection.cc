#include "core/storage/sql/sqlite_connection.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/variant.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {
namespace {

// A bound on programming errors: SQL text built at run time would grow the cache.
constexpr size_t kMaxCachedStatements = 256;
// Only strangers (a backup, a person's shell) make us wait here: our own programs
// queue at the file lock.
constexpr int kBusyTimeoutMs = 5'000;
// Steps of SQLite's machine between two looks at the watch: some 10 us of reading what is
// in memory, a few milliseconds of reading a slow disk.
constexpr int kStepsPerLook = 1'000;

SqlValue ColumnValue(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return int64_t{sqlite3_column_int64(statement, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_NULL:
      return SqlNull{};
    default:
      break;
  }
  const bool blob = sqlite3_column_type(statement, column) == SQLITE_BLOB;
  // SQLite's order: the pointer first, then its length.
  const char* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement, column));
  std::string text = bytes == nullptr ? std::string() : std::string(bytes, size);
  if (blob) return SqlBlob{std::move(text)};
  return text;
}

struct Binder {
  sqlite3_stmt* statement;
  int index;

  int operator()(const SqlNull&) const { return sqlite3_bind_null(statement, index); }
  int operator()(int64_t value) const { return sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& value) const {
    const std::string text = CleanText(value);
    return sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  }
  int operator()(const SqlBlob& value) const {
    return sqlite3_bind_blob64(statement, index, value.bytes.data(), value.bytes.size(),
                               SQLITE_TRANSIENT);
  }
};

}  // namespace

absl::StatusCode StatusCodeOfSqlite(int extended_code) {
  switch (extended_code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return absl::StatusCode::kAlreadyExists;
    default:
      break;
  }
  switch (extended_code & 0xFF) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_BUSY:
    case SQLITE_INTERRUPT:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return absl::StatusCode::kUnavailable;
    default:  // Also a damaged file: kDataLoss would blame the film in hand.
      return absl::StatusCode::kInternal;
  }
}

void SqliteConnection::StatementDeleter::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& file) {
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (handle == nullptr) return absl::ResourceExhaustedError("SQLite: out of memory");
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle));
  if (code != SQLITE_OK) return Annotate(connection->Error(code), file);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  for (const char* pragma :
       {"PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL", "PRAGMA trusted_schema = OFF",
        "PRAGMA journal_size_limit = 67108864", "PRAGMA analysis_limit = 400"}) {
    CAMNODE_RETURN_IF_ERROR(Annotate(connection->Run(pragma), file));
  }
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close_v2(handle_);
}

absl::Status SqliteConnection::SetWalMode() {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> mode, Query("PRAGMA journal_mode = WAL", {}));
  if (mode.size() != 1 || mode[0].Text(0) != "wal") {
    return absl::UnavailableError(
        "SQLite cannot use its write-ahead log here: is the volume a network share?");
  }
  return absl::OkStatus();
}

absl::Status SqliteConnection::MakeReader() {
  CAMNODE_RETURN_IF_ERROR(Run("PRAGMA cache_size = -256"));  // KiB.
  return Run("PRAGMA query_only = ON");
}

void SqliteConnection::CheckpointOnlyWhenTold() {
  const auto remember = [](void* connection, sqlite3*, const char*, int pages) {
    static_cast<SqliteConnection*>(connection)->log_pages_ = pages;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, remember, this);  // In place of the automatic checkpoint.
}

void SqliteConnection::Checkpoint() {
  sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  log_pages_ = 0;  // Until the next commit says how many there are.
}

absl::StatusOr<std::vector<SqlRow>> SqliteConnection::Query(absl::string_view sql,
                                                            const SqlParameters& parameters) {
  CAMNODE_ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql));
  std::vector<SqlRow> rows;
  absl::Status status = Bind(statement, parameters);
  if (status.ok()) status = StepAll(statement, &rows);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!status.ok()) return status;
  return rows;
}

absl::StatusOr<int64_t> SqliteConnection::Execute(absl::string_view sql,
                                                  const SqlParameters& parameters) {
  CAMNODE_ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql));
  const int before = sqlite3_total_changes(handle_);
  absl::Status status = Bind(statement, parameters);
  if (status.ok()) status = StepAll(statement, nullptr);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (!status.ok()) return status;
  return int64_t{sqlite3_total_changes(handle_)} - before;
}

void SqliteConnection::SetWatch(Watch watch) {
  watch_ = std::move(watch);
  int (*const look)(void*) = [](void* connection) {
    auto* self = static_cast<SqliteConnection*>(connection);
    self->watch_error_ = self->watch_();
    return self->watch_error_.ok() ? 0 : 1;
  };
  sqlite3_progress_handler(handle_, kStepsPerLook, watch_ ? look : nullptr, this);
}

bool SqliteConnection::InTransaction() { return sqlite3_get_autocommit(handle_) == 0; }

absl::StatusOr<sqlite3_stmt*> SqliteConnection::Prepare(absl::string_view sql) {
  std::string text(sql);
  const auto found = statements_.find(text);
  if (found != statements_.end()) return found->second.get();
  if (statements_.size() >= kMaxCachedStatements) statements_.clear();
  sqlite3_stmt* raw = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()) + 1,
                                      SQLITE_PREPARE_PERSISTENT, &raw, &tail);
  Statement statement(raw);
  if (code != SQLITE_OK) return Error(code);
  if (raw == nullptr || *tail != '\0') {
    return absl::InternalError("SQLite: not exactly one statement");
  }
  return statements_.emplace(std::move(text), std::move(statement)).first->second.get();
}

absl::Status SqliteConnection::Bind(sqlite3_stmt* statement, const SqlParameters& parameters) {
  for (const SqlParameter& parameter : parameters) {
    const int index =
        sqlite3_bind_parameter_index(statement, absl::StrCat(":", parameter.name).c_str());
    if (index == 0) {
      return absl::InternalError(absl::StrCat("SQLite: no parameter :", parameter.name));
    }
    const int code = absl::visit(Binder{statement, index}, parameter.value);
    if (code != SQLITE_OK) return Error(code);
  }
  // An unbound parameter would silently be NULL.
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(parameters.size())) {
    return absl::InternalError("SQLite: a parameter of the statement has no value");
  }
  return absl::OkStatus();
}

absl::Status SqliteConnection::StepAll(sqlite3_stmt* statement, std::vector<SqlRow>* rows) {
  if (watch_) CAMNODE_RETURN_IF_ERROR(watch_());
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return absl::OkStatus();
    if ((code & 0xFF) == SQLITE_INTERRUPT && !watch_error_.ok()) {
      return std::exchange(watch_error_, absl::OkStatus());
    }
    if (code != SQLITE_ROW) return Error(code);
    if (rows == nullptr) continue;
    std::vector<SqlValue> values;
    const int columns = sqlite3_column_count(statement);
    values.reserve(static_cast<size_t>(columns));
    for (int i = 0; i < columns; ++i) values.push_back(ColumnValue(statement, i));
    rows->emplace_back(std::move(values));
  }
}

// SQLite's messages name tables and columns, never values.
absl::Status SqliteConnection::Error(int code) const {
  return absl::Status(StatusCodeOfSqlite(code),
                      absl::StrCat("SQLite: ", sqlite3_errmsg(handle_), " (", code, ")"));
}

}  // namespace camnode
