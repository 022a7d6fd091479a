#include "core/storage/sql/sqlite_check.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

struct Closer {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct Finalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

absl::Status Damaged(const std::string& file, const std::string& reason) {
  return absl::DataLossError(
      absl::StrCat(file, " is damaged: ", reason,
                   "; nothing was changed: put it aside with its -wal file and restore a backup"));
}

absl::Status StatusOf(sqlite3* handle, int code, const std::string& file) {
  const int primary = code & 0xFF;
  const bool damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  const std::string reason = absl::StrCat(sqlite3_errmsg(handle), " (", code, ")");
  if (!damaged) return absl::UnavailableError(absl::StrCat(file, ": SQLite: ", reason));
  return Damaged(file, reason);
}

}  // namespace

absl::Status CheckSqliteFile(const std::string& file) {
  struct stat entry {};
  if (::stat(file.c_str(), &entry) != 0 || entry.st_size == 0) return absl::OkStatus();
  sqlite3* opened = nullptr;
  // For writing, because a transaction that a program left behind before there was a log
  // must be rolled back first.
  const int code =
      sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  const std::unique_ptr<sqlite3, Closer> handle(opened);
  if (opened == nullptr) return absl::ResourceExhaustedError("SQLite: out of memory");
  if (code != SQLITE_OK) return StatusOf(opened, code, file);
  sqlite3_busy_timeout(opened, kBusyTimeoutMs);
  // The last connection would move the log into the file when it closes.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_stmt* prepared = nullptr;
  int result = sqlite3_prepare_v2(opened, "PRAGMA quick_check(1)", -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, Finalizer> statement(prepared);
  if (result == SQLITE_OK) result = sqlite3_step(prepared);
  if (result != SQLITE_ROW) return StatusOf(opened, result, file);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
  const std::string verdict = text == nullptr ? "" : text;
  if (verdict == "ok") return absl::OkStatus();
  // One line, without the heading "*** in database main ***".
  return Damaged(file, verdict.substr(verdict.rfind('\n', verdict.size() - 2) + 1));
}

}  // namespace camnode
