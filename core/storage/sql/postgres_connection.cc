#include "core/storage/sql/postgres_connection.h"

#include <libpq-fe.h>
#include <poll.h>
#include <postgres_ext.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/types/variant.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {
namespace {

constexpr size_t kMaxCachedStatements = 256;

// From the server's pg_type.dat; they never change.
constexpr Oid kBool = 16;
constexpr Oid kBytea = 17;
constexpr Oid kInt8 = 20;
constexpr Oid kInt2 = 21;
constexpr Oid kInt4 = 23;
constexpr Oid kText = 25;
constexpr Oid kFloat4 = 700;
constexpr Oid kFloat8 = 701;
constexpr Oid kNumeric = 1700;

// Of every session.  A commit that returns is on disk, whatever the server's
// default; nobody holds a row, waits for one or runs for ever; nothing runs on for a
// client that has gone.  Every statement of the stores is short and has its index, which a
// server without statistics does not see: for a page of ids it guesses a quarter of the
// table, passes the index over, compiles the statement and starts helpers for it.
constexpr const char* kSessionSettings =
    "SELECT set_config('synchronous_commit', 'on', false)"
    "  WHERE current_setting('synchronous_commit') = 'off';"
    "SELECT set_config(name, '200ms', false) FROM pg_settings"
    "  WHERE name = 'client_connection_check_interval';"
    "SET enable_seqscan = off; SET jit = off; SET max_parallel_workers_per_gather = 0;"
    "SET statement_timeout = '10s';"
    "SET lock_timeout = '8s';"
    "SET idle_in_transaction_session_timeout = '60s';"
    "SET client_min_messages = warning";

// For the answer to a statement.  Longer than statement_timeout, so that a server that
// lives speaks first, and the connection is kept.
constexpr absl::Duration kPatience = absl::Seconds(12);
constexpr absl::Duration kLongPatience = absl::Hours(1);
constexpr absl::Duration kSettingsPatience = absl::Seconds(5);
// Between two looks at the watch.
constexpr absl::Duration kMoment = absl::Milliseconds(20);

// One parameter as libpq takes it; `text` owns what `value` points to.
struct Bound {
  std::string text;
  Oid type = 0;
  int format = 0;  // 0: text, 1: binary.
  bool null = false;
};

struct Binder {
  Bound operator()(const SqlNull&) const { return {"", 0, 0, true}; }
  Bound operator()(int64_t value) const { return {absl::StrCat(value), kInt8, 0, false}; }
  Bound operator()(double value) const {
    return {absl::StrFormat("%.17g", value), kFloat8, 0, false};
  }
  Bound operator()(const std::string& value) const { return {CleanText(value), kText, 0, false}; }
  Bound operator()(const SqlBlob& value) const { return {value.bytes, kBytea, 1, false}; }
};

SqlValue NumericValue(const std::string& text) {
  int64_t integer = 0;
  if (absl::SimpleAtoi(text, &integer)) return integer;
  return std::strtod(text.c_str(), nullptr);
}

SqlValue ColumnValue(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return SqlNull{};
  const char* bytes = PQgetvalue(result, row, column);
  std::string text(bytes, static_cast<size_t>(PQgetlength(result, row, column)));
  switch (PQftype(result, column)) {
    case kBool:
      return int64_t{text == "t" ? 1 : 0};
    case kInt2:
    case kInt4:
    case kInt8:
      return static_cast<int64_t>(std::strtoll(text.c_str(), nullptr, 10));
    case kFloat4:
    case kFloat8:
      return std::strtod(text.c_str(), nullptr);
    case kNumeric:
      return NumericValue(text);
    case kBytea: {
      size_t size = 0;
      unsigned char* raw = PQunescapeBytea(reinterpret_cast<const unsigned char*>(bytes), &size);
      if (raw == nullptr) return SqlNull{};
      SqlBlob blob{std::string(reinterpret_cast<const char*>(raw), size)};
      PQfreemem(raw);
      return blob;
    }
    default:
      return text;
  }
}

// libpq's messages span lines.
std::string OneLine(const char* message) {
  std::string line = absl::StrReplaceAll(message == nullptr ? "" : message, {{"\n", " "}});
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

absl::StatusCode StatusCodeOfSqlState(absl::string_view sqlstate) {
  const absl::string_view group = sqlstate.substr(0, 2);
  if (sqlstate == "23505") return absl::StatusCode::kAlreadyExists;
  if (sqlstate == "53300") return absl::StatusCode::kUnavailable;  // Too many connections.
  if (group == "53") return absl::StatusCode::kResourceExhausted;  // Disk, memory.
  // Lost or refused connections; deadlock, serialisation; lock timeout; server
  // shutting down or starting; its I/O errors; a standby that takes no writes.
  if (sqlstate.empty() || group == "08" || group == "40" || group == "55" || group == "57" ||
      group == "58" || sqlstate == "25006" || sqlstate == "25P03") {
    return absl::StatusCode::kUnavailable;
  }
  return absl::StatusCode::kInternal;
}

void PostgresConnection::ResultDeleter::operator()(pg_result* result) const { PQclear(result); }

absl::StatusOr<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(
    const std::string& uri) {
  // The URI comes last and wins where it says something itself.
  const std::array<const char*, 9> keywords = {
      "connect_timeout",     "tcp_user_timeout", "keepalives_idle",
      "keepalives_interval", "keepalives_count", "fallback_application_name",
      "client_encoding",     "dbname",           nullptr};
  const std::array<const char*, 9> values = {"5",       "12000", "10",        "3",    "3",
                                             "camnode", "UTF8",  uri.c_str(), nullptr};
  PGconn* handle = PQconnectdbParams(keywords.data(), values.data(), /*expand_dbname=*/1);
  if (handle == nullptr) return absl::ResourceExhaustedError("PostgreSQL: out of memory");
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(handle));
  if (PQstatus(handle) != CONNECTION_OK) {
    return absl::UnavailableError(absl::StrCat("PostgreSQL: ", OneLine(PQerrorMessage(handle))));
  }
  PQsetNoticeProcessor(
      handle, [](void*, const char*) {}, nullptr);
  if (PQsetnonblocking(handle, 1) != 0) return connection->Error(nullptr);
  connection->patience_ = kSettingsPatience;
  CAMNODE_RETURN_IF_ERROR(connection->SendAll(kSessionSettings));
  connection->patience_ = kPatience;
  return connection;
}

PostgresConnection::~PostgresConnection() { PQfinish(handle_); }

absl::StatusOr<std::vector<SqlRow>> PostgresConnection::Query(absl::string_view sql,
                                                              const SqlParameters& parameters) {
  CAMNODE_ASSIGN_OR_RETURN(const Result result, Send(sql, parameters));
  std::vector<SqlRow> rows;
  const int count = PQntuples(result.get());
  const int columns = PQnfields(result.get());
  rows.reserve(static_cast<size_t>(count));
  for (int row = 0; row < count; ++row) {
    std::vector<SqlValue> values;
    values.reserve(static_cast<size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      values.push_back(ColumnValue(result.get(), row, column));
    }
    rows.emplace_back(std::move(values));
  }
  return rows;
}

absl::StatusOr<int64_t> PostgresConnection::Execute(absl::string_view sql,
                                                    const SqlParameters& parameters) {
  CAMNODE_ASSIGN_OR_RETURN(const Result result, Send(sql, parameters));
  int64_t changed = 0;
  if (!absl::SimpleAtoi(PQcmdTuples(result.get()), &changed)) return 0;
  return changed;
}

bool PostgresConnection::InTransaction() {
  const PGTransactionStatusType status = PQtransactionStatus(handle_);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

bool PostgresConnection::TakeConflict() { return std::exchange(conflict_, false); }

bool PostgresConnection::Usable() { return !given_up_ && PQstatus(handle_) == CONNECTION_OK; }

absl::Status PostgresConnection::Begin(absl::string_view sql) {
  patience_ = kPatience;
  return Run(sql);
}

absl::Status PostgresConnection::AllowLongStatements() {
  patience_ = kLongPatience;
  CAMNODE_RETURN_IF_ERROR(Run("SET LOCAL enable_seqscan = on"));
  return Run("SET LOCAL statement_timeout = 0");
}

absl::Status PostgresConnection::Commit() {
  CAMNODE_ASSIGN_OR_RETURN(const Result result, Send("COMMIT", {}));
  if (absl::string_view(PQcmdStatus(result.get())) == "COMMIT") return absl::OkStatus();
  return absl::InternalError("PostgreSQL rolled back instead of committing");
}

const NumberedStatement& PostgresConnection::Numbered(absl::string_view sql) {
  std::string text(sql);
  const auto found = statements_.find(text);
  if (found != statements_.end()) return found->second;
  if (statements_.size() >= kMaxCachedStatements) statements_.clear();
  NumberedStatement numbered = NumberParameters(sql);
  return statements_.emplace(std::move(text), std::move(numbered)).first->second;
}

absl::StatusOr<PostgresConnection::Result> PostgresConnection::Send(
    absl::string_view sql, const SqlParameters& parameters) {
  const NumberedStatement& statement = Numbered(sql);
  if (parameters.size() != statement.names.size()) {
    return absl::InternalError("PostgreSQL: a parameter of the statement has no value");
  }
  std::vector<Bound> bound;
  for (const std::string& name : statement.names) {
    const auto parameter = std::find_if(parameters.begin(), parameters.end(),
                                        [&name](const SqlParameter& p) { return p.name == name; });
    if (parameter == parameters.end()) {
      return absl::InternalError(absl::StrCat("PostgreSQL: no value for :", name));
    }
    bound.push_back(absl::visit(Binder{}, parameter->value));
  }
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const Bound& value : bound) {
    types.push_back(value.type);
    values.push_back(value.null ? nullptr : value.text.c_str());
    lengths.push_back(static_cast<int>(value.text.size()));
    formats.push_back(value.format);
  }
  if (given_up_) return absl::UnavailableError("PostgreSQL: the connection was given up");
  if (watch_) CAMNODE_RETURN_IF_ERROR(watch_());
  if (PQsendQueryParams(handle_, statement.sql.c_str(), static_cast<int>(bound.size()),
                        types.data(), values.data(), lengths.data(), formats.data(),
                        /*resultFormat=*/0) == 0) {
    return Error(nullptr);
  }
  return Receive();
}

absl::Status PostgresConnection::SendAll(const char* sql) {
  if (PQsendQuery(handle_, sql) == 0) return Error(nullptr);
  return Receive().status();
}

// All that came must be taken, or nothing can be sent again: the last answer or the error.
absl::StatusOr<PostgresConnection::Result> PostgresConnection::Receive() {
  const Deadline patience_ends(patience_);
  Result last;
  while (true) {
    while (PQflush(handle_) > 0 || PQisBusy(handle_) != 0) {
      if (watch_) {
        if (const absl::Status allowed = watch_(); !allowed.ok()) return GiveUp(allowed);
      }
      if (patience_ends.Expired()) {
        return GiveUp(absl::UnavailableError(
            absl::StrCat("PostgreSQL: no answer within ", absl::FormatDuration(patience_),
                         ": is the server stopped, or out of reach?")));
      }
      CAMNODE_RETURN_IF_ERROR(Exchange(kMoment));
    }
    Result result(PQgetResult(handle_));
    if (result == nullptr) break;
    last = std::move(result);
  }
  const ExecStatusType status = PQresultStatus(last.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return Error(last.get());
  return last;
}

absl::Status PostgresConnection::Exchange(absl::Duration moment) {
  const bool sends = PQflush(handle_) > 0;
  pollfd socket = {PQsocket(handle_), static_cast<short>(sends ? POLLIN | POLLOUT : POLLIN), 0};
  ::poll(&socket, 1, static_cast<int>(absl::ToInt64Milliseconds(moment)));
  if (PQconsumeInput(handle_) == 0) return Error(nullptr);
  return absl::OkStatus();
}

// Not PQcancel, which asks the server by a new connection and waits for it.
absl::Status PostgresConnection::GiveUp(const absl::Status& why) {
  given_up_ = true;
  ::shutdown(PQsocket(handle_), SHUT_RDWR);
  return why;
}

// Only the primary message: the detail line quotes the values of the row.
absl::Status PostgresConnection::Error(const pg_result* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const absl::string_view sqlstate = state == nullptr ? "" : state;
  if (sqlstate == "40001" || sqlstate == "40P01") conflict_ = true;
  return absl::Status(
      StatusCodeOfSqlState(sqlstate),
      absl::StrCat("PostgreSQL: ", OneLine(primary == nullptr ? PQerrorMessage(handle_) : primary),
                   " (", sqlstate.empty() ? "no connection" : sqlstate, ")"));
}

}  // namespace camnode
