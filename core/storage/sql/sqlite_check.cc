#include "core/storage/sql/sqlite_check.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr int kBusyTimeoutMs = 5'000;
constexpr int kStepsPerLook = 1'000;
// Above what a log that was cut at its end has (64 MiB): it grows, and because of us.
constexpr off_t kMaxLogBytes = 100'000'000;

struct Closer {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct Finalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

absl::Status Damaged(const std::string& file, const std::string& reason) {
  return absl::DataLossError(
      absl::StrCat(file, " is damaged: ", reason,
                   "; the check changed nothing: stop camnode, put the file aside with its -wal "
                   "file and restore a backup"));
}

absl::Status StatusOf(sqlite3* handle, int code, const std::string& file) {
  const int primary = code & 0xFF;
  const bool damaged = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
  const std::string reason = absl::StrCat(sqlite3_errmsg(handle), " (", code, ")");
  if (!damaged) return absl::UnavailableError(absl::StrCat(file, ": SQLite: ", reason));
  return Damaged(file, reason);
}

// Lets a check of gigabytes be broken off.  SQLite's progress handler is not called while it
// walks through the pages of a table, so this stands between it and the file, too.
// Used by one thread.
class BreakOff {
 public:
  BreakOff(const std::string& file, const std::function<bool()>& give_up, sqlite3* handle)
      : log_(file + "-wal"), give_up_(give_up) {
    active = this;
    sqlite3_progress_handler(
        handle, kStepsPerLook, [](void*) { return active->Asked() ? 1 : 0; }, nullptr);
    sqlite3_file* pages = nullptr;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &pages);
    if (pages == nullptr || pages->pMethods == nullptr) return;
    original_ = pages->pMethods;
    watched_ = *original_;
    watched_.xRead = [](sqlite3_file* from, void* to, int bytes, sqlite3_int64 at) {
      return active->Asked() ? SQLITE_INTERRUPT : active->original_->xRead(from, to, bytes, at);
    };
    pages->pMethods = &watched_;
    pages_ = pages;
  }
  // Before the file is closed.
  ~BreakOff() {
    if (pages_ != nullptr) pages_->pMethods = original_;
    active = nullptr;
  }

  // OK, or why the check was broken off.
  const absl::Status& why() const { return why_; }

 private:
  bool Asked() {
    if (!why_.ok()) return true;
    if (give_up_()) why_ = absl::CancelledError("the check of the database was broken off");
    struct stat entry {};
    if (++looks_ % kStepsPerLook == 0 && ::stat(log_.c_str(), &entry) == 0 &&
        entry.st_size > kMaxLogBytes) {
      why_ = absl::UnavailableError(
          "the check of the database was broken off, because SQLite's log grows beside it");
    }
    return !why_.ok();
  }

  static thread_local BreakOff* active;

  const std::string log_;
  const std::function<bool()>& give_up_;
  absl::Status why_;
  int looks_ = 0;
  sqlite3_file* pages_ = nullptr;
  const sqlite3_io_methods* original_ = nullptr;
  sqlite3_io_methods watched_ = {};
};

thread_local BreakOff* BreakOff::active = nullptr;

}  // namespace

absl::Status CheckSqliteFile(const std::string& file, const std::function<bool()>& give_up) {
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
  const BreakOff break_off(file, give_up, opened);
  sqlite3_stmt* prepared = nullptr;
  int result = sqlite3_prepare_v2(opened, "PRAGMA quick_check(1)", -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, Finalizer> statement(prepared);
  if (result == SQLITE_OK) result = sqlite3_step(prepared);
  if (!break_off.why().ok()) return break_off.why();
  if (result != SQLITE_ROW) return StatusOf(opened, result, file);
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
  const std::string verdict = text == nullptr ? "" : text;
  if (verdict == "ok") return absl::OkStatus();
  // One line, without the heading "*** in database main ***".
  return Damaged(file, verdict.substr(verdict.rfind('\n', verdict.size() - 2) + 1));
}

}  // namespace camnode
