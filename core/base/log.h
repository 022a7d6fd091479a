// One line of JSON per unit of work (association, job, delivery, failed RPC), to
// standard error.
//
//   Log(LogLevel::kInfo, "job_done", {{LogField::kJob, 17}, {LogField::kDurationMs, 84}});
//
// Only the outermost function of a unit of work writes; everything below returns
// its error instead.  LogField is the allow-list: there is no field for a
// patient's name, id, birth date or accession number, and free text goes only
// into kReason, which must never be built from such values.

#ifndef CAMNODE_CORE_BASE_LOG_H_
#define CAMNODE_CORE_BASE_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/variant.h"

namespace camnode {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

enum class LogField {
  kAssociation,  // Number of the association in this process.
  kAttempt,
  kCalledAe,
  kCallingAe,
  kCode,      // absl::StatusCode as text.
  kCommitMs,  // How long a commit took, waiting for other writers included.
  kCount,
  kDelivery,
  kDestination,
  kDimseStatus,  // "0x0000"
  kDurationMs,
  kInstance,  // SOP Instance UID.
  kJob,
  kModel,
  kOutcome,
  kPath,  // A file of ours; never a peer's text.
  kPeer,  // IP address.
  kPid,
  kPort,
  kReason,
  kRpc,
  kSha256,
  kSizeBytes,
  kSopClass,
  kStudy,  // Study Instance UID.
  kTransferSyntax,
  kVersion,
  kWorker,
};

using LogValue = absl::variant<int64_t, double, std::string>;

struct LogEntry {
  LogEntry(LogField f, int64_t v) : field(f), value(v) {}
  LogEntry(LogField f, int v) : field(f), value(int64_t{v}) {}
  LogEntry(LogField f, uint64_t v) : field(f), value(static_cast<int64_t>(v)) {}
  LogEntry(LogField f, double v) : field(f), value(v) {}
  LogEntry(LogField f, absl::string_view v) : field(f), value(std::string(v)) {}
  LogEntry(LogField f, const char* v) : field(f), value(std::string(v)) {}
  LogEntry(LogField f, const std::string& v) : field(f), value(v) {}

  LogField field;
  LogValue value;
};

// Thread-safe; one write(2) a line, by StartLogThread's thread if it was called, else by the
// caller.  `event` is snake_case and constant.  Lines
// below the level set are dropped; strings are cut at 1,000 bytes and control
// and non-ASCII bytes are escaped, so a peer cannot forge a line.
void Log(LogLevel level, absl::string_view event, std::initializer_list<LogEntry> entries);

// Default kInfo.
void SetLogLevel(LogLevel level);

// "camnode" or "camnode-worker": field `program` of every line.
void SetLogProgram(absl::string_view program);

// From now on lines are written by a thread of their own: a reader of standard error that
// hangs stops nobody.  What it leaves no room for (1 MiB waits; the last quarter is for
// warnings and errors) is dropped and counted, and a line `log_lines_dropped` says how many
// once writing works again.  exit() and a crash (SIGSEGV, SIGABRT and their like) wait up to a
// second for the lines that wait.  Called once, early in main, when the signals that the
// program waits for are blocked.
void StartLogThread();

// Waits until every line is written, for at most `patience`.  True if all are.
bool FlushLog(absl::Duration patience);

// Lines dropped by this process so far.
int64_t DroppedLogLines();

// Ends the process with `code` at once, as _exit, once the log is written or a second later.
[[noreturn]] void ExitAtOnce(int code);

// For tests: lines go to `sink` instead until it is called again with nullptr.
// The sink is called from any thread.
void SetLogSinkForTesting(void (*sink)(absl::string_view line));

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_LOG_H_
