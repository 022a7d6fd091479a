#include "core/base/log.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/log_writer.h"

namespace camnode {
namespace {

constexpr size_t kMaxStringBytes = 1000;

std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::atomic<void (*)(absl::string_view)> g_sink{nullptr};
std::string& Program() {
  static std::string program = "camnode";
  return program;
}

absl::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

absl::string_view Name(LogField field) {
  switch (field) {
    case LogField::kAssociation:
      return "association";
    case LogField::kAttempt:
      return "attempt";
    case LogField::kCalledAe:
      return "called_ae";
    case LogField::kCallingAe:
      return "calling_ae";
    case LogField::kCode:
      return "code";
    case LogField::kCommitMs:
      return "commit_ms";
    case LogField::kCount:
      return "count";
    case LogField::kDelivery:
      return "delivery";
    case LogField::kDestination:
      return "destination";
    case LogField::kDimseStatus:
      return "dimse_status";
    case LogField::kDurationMs:
      return "duration_ms";
    case LogField::kInstance:
      return "instance";
    case LogField::kJob:
      return "job";
    case LogField::kModel:
      return "model";
    case LogField::kOutcome:
      return "outcome";
    case LogField::kPath:
      return "path";
    case LogField::kPeer:
      return "peer";
    case LogField::kPid:
      return "pid";
    case LogField::kPort:
      return "port";
    case LogField::kReason:
      return "reason";
    case LogField::kRpc:
      return "rpc";
    case LogField::kSha256:
      return "sha256";
    case LogField::kSizeBytes:
      return "size_bytes";
    case LogField::kSopClass:
      return "sop_class";
    case LogField::kStudy:
      return "study";
    case LogField::kTransferSyntax:
      return "transfer_syntax";
    case LogField::kVersion:
      return "version";
    case LogField::kWorker:
      return "worker";
  }
  return "unknown";
}

void AppendQuoted(absl::string_view text, std::string& line) {
  line.push_back('"');
  for (const char c : text.substr(0, kMaxStringBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      absl::StrAppendFormat(&line, "\\u%04x", byte);
    } else {
      line.push_back(c);
    }
  }
  line.push_back('"');
}

void AppendValue(const LogValue& value, std::string& line) {
  if (const auto* integer = absl::get_if<int64_t>(&value)) {
    absl::StrAppend(&line, *integer);
  } else if (const auto* real = absl::get_if<double>(&value)) {
    absl::StrAppend(&line, std::isfinite(*real) ? absl::StrCat(*real) : "null");
  } else {
    AppendQuoted(absl::get<std::string>(value), line);
  }
}

// Never destroyed: threads log until the process is gone.  nullptr before StartLogThread.
std::atomic<LogWriter*> g_writer{nullptr};

constexpr absl::Duration kPatienceAtExit = absl::Seconds(1);
constexpr int kCrashSignals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};

// The writing thread goes on while this one waits; a second at most, because it may be the
// reader that hangs, or this thread that crashed with the log's mutex in its hands.  Only
// what a signal handler may call.
void WaitForLogThenDie(int signal) {
  const LogWriter* const writer = g_writer.load();
  const timespec pause = {0, 5'000'000};
  for (int i = 0; i < 200 && writer->waiting() > 0; ++i) nanosleep(&pause, nullptr);
  raise(signal);  // Its default again, by SA_RESETHAND; comes when this returns.
}

std::string FormatLine(LogLevel level, absl::string_view event,
                       std::initializer_list<LogEntry> entries) {
  std::string line = absl::StrCat(
      "{\"time\":\"",
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", SystemClock().Now(), absl::UTCTimeZone()),
      "\",\"level\":\"", Name(level), "\",\"program\":\"", Program(), "\",\"event\":");
  AppendQuoted(event, line);
  for (const LogEntry& entry : entries) {
    absl::StrAppend(&line, ",\"", Name(entry.field), "\":");
    AppendValue(entry.value, line);
  }
  line += "}\n";
  return line;
}

void Write(std::string line, LogLevel level) {
  if (auto* sink = g_sink.load()) return sink(line);
  if (LogWriter* const writer = g_writer.load()) {
    return writer->Write(std::move(line), level >= LogLevel::kWarning);
  }
  // A log that cannot be written must not stop the work it describes.
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogEntry> entries) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
  Write(FormatLine(level, event, entries), level);
}

void StartLogThread() {
  LogWriterOptions options;
  options.describe_gap = [](int64_t count) {
    return FormatLine(LogLevel::kWarning, "log_lines_dropped",
                      {{LogField::kCount, count},
                       {LogField::kReason,
                        "standard error was not read, or could not be written: these lines found "
                        "no room"}});
  };
  g_writer.store(new LogWriter(STDERR_FILENO, std::move(options)));
  std::atexit([] { FlushLog(kPatienceAtExit); });
  struct sigaction action = {};
  action.sa_handler = WaitForLogThenDie;
  action.sa_flags = SA_RESETHAND;
  for (const int signal : kCrashSignals) sigaction(signal, &action, nullptr);
}

bool FlushLog(absl::Duration patience) {
  LogWriter* const writer = g_writer.load();
  return writer == nullptr || writer->Flush(patience);
}

int64_t DroppedLogLines() {
  const LogWriter* const writer = g_writer.load();
  return writer == nullptr ? 0 : writer->dropped();
}

void ExitAtOnce(int code) {
  FlushLog(kPatienceAtExit);
  _exit(code);
}

void SetLogLevel(LogLevel level) { g_level.store(level); }
void SetLogProgram(absl::string_view program) { Program() = std::string(program); }
void SetLogSinkForTesting(void (*sink)(absl::string_view line)) { g_sink.store(sink); }

}  // namespace camnode
