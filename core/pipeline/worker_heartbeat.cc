#include "core/pipeline/worker_heartbeat.h"

#include <utility>

#include "absl/status/status.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"

namespace camnode {

WorkerHeartbeat::WorkerHeartbeat(WorkerRegistry& registry, StepWatch& steps, WorkerRecord record,
                                 absl::Duration period)
    : registry_(registry),
      steps_(steps),
      period_(period),
      record_(std::move(record)),
      thread_([this] { Run(); }) {}

WorkerHeartbeat::~WorkerHeartbeat() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
  // If it fails the record grows old, which says the same.
  registry_.Remove(record_.name).IgnoreError();
}

void WorkerHeartbeat::SetReady(const std::string& model_set) {
  MutexLock lock(&mutex_);
  record_.model_set = model_set;
  record_.ready = true;
  due_ = true;
  changed_.SignalAll();
}

void WorkerHeartbeat::SetNotReady() {
  MutexLock lock(&mutex_);
  record_.ready = false;
  due_ = true;
  changed_.SignalAll();
}

void WorkerHeartbeat::Run() {
  while (true) {
    WorkerRecord record;
    {
      MutexLock lock(&mutex_);
      const Deadline next(period_);
      while (!stopping_ && !due_ && !next.Expired()) {
        changed_.WaitWithTimeout(&mutex_, next.Remaining());
      }
      if (stopping_) return;
      due_ = false;
      record = record_;
    }
    Beat(std::move(record));
  }
}

void WorkerHeartbeat::Beat(WorkerRecord record) {
  record.longest_step_ms = absl::ToInt64Milliseconds(steps_.Longest());
  const StepWatch::Step step = steps_.Begin("beat");
  const absl::Status status = registry_.Beat(record);
  if (!status.ok() && !failing_) {
    Log(LogLevel::kWarning, "heartbeat_failed",
        {{LogField::kCode, absl::StatusCodeToString(status.code())},
         {LogField::kReason, status.message()}});
  }
  failing_ = !status.ok();
}

}  // namespace camnode
