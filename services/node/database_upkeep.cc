#include "services/node/database_upkeep.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"
#include "core/storage/sql/open_database.h"

namespace camnode {
namespace {

constexpr int kNiceness = 19;  // Linux keeps one for each thread.

}  // namespace

DatabaseUpkeep::DatabaseUpkeep(const DatabaseUpkeepOptions& options, WorkerRegistry& workers)
    : options_(options), workers_(workers) {}

DatabaseUpkeep::~DatabaseUpkeep() { Stop(); }

void DatabaseUpkeep::Start() {
  thread_ = std::thread([this] { Run(); });
}

void DatabaseUpkeep::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status DatabaseUpkeep::Integrity() const {
  MutexLock lock(&mutex_);
  // A message of its own for each caller, as in GroupWriter::Finish.
  return absl::Status(integrity_.code(), integrity_.message());
}

bool DatabaseUpkeep::stopped() const {
  MutexLock lock(&mutex_);
  return stopped_;
}

void DatabaseUpkeep::Run() {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  bool checked = !options_.check_database;
  while (!stopped()) {
    RemoveSilentWorkers();
    if (!checked) checked = CheckOnce();
    const Deadline next(checked ? options_.interval : options_.check_retry);
    MutexLock lock(&mutex_);
    while (!stopped_ && !next.Expired()) changed_.WaitWithTimeout(&mutex_, next.Remaining());
  }
}

void DatabaseUpkeep::RemoveSilentWorkers() {
  const absl::StatusOr<int64_t> removed = workers_.RemoveSilent(options_.worker_silence);
  if (!removed.ok() || *removed == 0) return;  // What is wrong is the health reporter's news.
  Log(LogLevel::kInfo, "silent_workers_removed", {{LogField::kCount, *removed}});
}

bool DatabaseUpkeep::CheckOnce() {
  const Stopwatch stopwatch;
  const absl::Status checked = CheckDatabase(options_.database_uri, [this] { return stopped(); });
  if (absl::IsCancelled(checked)) return false;
  const LogLevel level = checked.ok()                ? LogLevel::kInfo
                         : absl::IsDataLoss(checked) ? LogLevel::kError
                                                     : LogLevel::kWarning;
  Log(level, "database_checked",
      {{LogField::kCode, absl::StatusCodeToString(checked.code())},
       {LogField::kReason, checked.message()},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(stopwatch.Elapsed())}});
  if (!checked.ok() && !absl::IsDataLoss(checked)) return false;
  MutexLock lock(&mutex_);
  integrity_ = checked;
  return true;
}

}  // namespace camnode
