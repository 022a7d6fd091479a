#include "core/base/log.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "core/base/clock.h"

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

void Write(const std::string& line) {
  if (auto* sink = g_sink.load()) return sink(line);
  // A log that cannot be written must not stop the work it describes.
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

void Log(LogLevel level, absl::string_view event, std::initializer_list<LogEntry> entries) {
  if (level < g_level.load(std::memory_order_relaxed)) return;
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
  Write(line);
}

void SetLogLevel(LogLevel level) { g_level.store(level); }
void SetLogProgram(absl::string_view program) { Program() = std::string(program); }
void SetLogSinkForTesting(void (*sink)(absl::string_view line)) { g_sink.store(sink); }

}  // namespace camnode
