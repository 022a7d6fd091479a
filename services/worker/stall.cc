#include "services/worker/stall.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "services/settings/worker_exit.h"
#include "services/worker/watchdog.h"

namespace camnode {
namespace {

// What the database has to take the leases back.
constexpr absl::Duration kPatience = absl::Seconds(5);

}  // namespace

void LeaseReturn::Set(JobQueue* queue) {
  MutexLock lock(&mutex_);
  queue_ = queue;
}

void LeaseReturn::Return(const std::string& worker, const std::vector<int64_t>& suspects) {
  MutexLock lock(&mutex_);
  if (queue_ == nullptr) return;
  const auto returned = queue_->ReturnLeases(worker, WorkerEnd::kStalled, suspects);
  if (returned.ok()) return;
  Log(LogLevel::kWarning, "leases_not_returned",
      {{LogField::kWorker, worker}, {LogField::kReason, returned.status().message()}});
}

void EndStalled(const std::string& worker, const StepWatch::Stall& stall, LeaseReturn& leases) {
  for (const int64_t job : stall.suspects) {
    Log(LogLevel::kError, "film_stalled",
        {{LogField::kJob, job},
         {LogField::kWorker, worker},
         {LogField::kDurationMs, absl::ToInt64Milliseconds(stall.took)},
         {LogField::kReason, absl::StrCat("'", stall.name, "' does not end")}});
  }
  const bool by_film = !stall.suspects.empty();
  Log(LogLevel::kError, "worker_stalled",
      {{LogField::kWorker, worker},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(stall.took)},
       {LogField::kReason,
        absl::StrCat("'", stall.name, "' does not end; the limit is ",
                     absl::FormatDuration(stall.limit), " (worker.max_step_ms); the process ends",
                     by_film ? ", and what it held goes back to the queue" : "")}});
  const auto return_leases = [&worker, &stall, &leases, by_film] {
    if (by_film) leases.Return(worker, stall.suspects);
  };
  EndWithLastWords(return_leases, kPatience, by_film ? kWorkerFilmStalled : kWorkerStalled);
}

}  // namespace camnode
