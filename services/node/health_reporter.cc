#include "services/node/health_reporter.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

constexpr absl::Duration kPublishInterval = absl::Seconds(1);

std::string Seconds(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

void LogChange(const PartHealth& part) {
  Log(part.serving ? LogLevel::kInfo : LogLevel::kWarning, "health_changed",
      {{LogField::kOutcome, part.serving ? "serving" : "not_serving"},
       {LogField::kReason, part.serving ? part.name : absl::StrCat(part.name, ": ", part.reason)}});
}

}  // namespace

absl::Status CheckWorkers(WorkerRegistry& workers, absl::Duration max_silence,
                          absl::Duration max_step) {
  const absl::StatusOr<std::vector<WorkerRecord>> records = workers.List();
  if (!records.ok()) return records.status();
  std::string stalled;
  for (const WorkerRecord& record : *records) {
    if (!record.ready || absl::Milliseconds(record.silence_ms) > max_silence) continue;
    const absl::Duration step = absl::Milliseconds(record.longest_step_ms);
    if (step <= max_step) return absl::OkStatus();
    absl::StrAppend(&stalled, "; ", record.name, " has been at one step for ", Seconds(step));
  }
  return absl::UnavailableError(absl::StrCat("no worker was ready and at work within the last ",
                                             absl::FormatDuration(max_silence), " (",
                                             records->size(), " known", stalled, ")"));
}

struct HealthReporter::Part {
  explicit Part(HealthPart p) : part(std::move(p)) {}

  const HealthPart part;
  absl::Status last = absl::UnavailableError("not checked yet");
  absl::optional<Stopwatch> running;  // Since the check under way began.
};

HealthReporter::HealthReporter(std::vector<HealthPart> parts, const Clock& clock) : clock_(clock) {
  for (HealthPart& part : parts) parts_.push_back(std::make_unique<Part>(std::move(part)));
  MutexLock lock(&mutex_);
  published_ = MakeReport();
}

HealthReporter::~HealthReporter() { Stop(); }

void HealthReporter::ReportTo(grpc::HealthCheckServiceInterface* service) {
  MutexLock lock(&mutex_);
  service_ = service;
  PublishLocked();
}

void HealthReporter::Start() {
  for (const auto& part : parts_) {
    threads_.emplace_back([this, &part = *part] { RunPart(part); });
  }
  threads_.emplace_back([this] { RunPublisher(); });
}

void HealthReporter::Check() {
  for (const auto& part : parts_) CheckOne(*part);
}

void HealthReporter::CheckOne(Part& part) {
  {
    MutexLock lock(&mutex_);
    part.running.emplace(clock_);
  }
  absl::Status status = part.part.check();
  MutexLock lock(&mutex_);
  part.last = std::move(status);
  part.running.reset();
  PublishLocked();
}

void HealthReporter::Publish() {
  MutexLock lock(&mutex_);
  PublishLocked();
}

void HealthReporter::PublishLocked() {
  HealthReport report = MakeReport();
  for (std::size_t i = 0; i < report.parts.size() && !draining_; ++i) {
    if (report.parts[i].serving != published_.parts[i].serving) LogChange(report.parts[i]);
  }
  published_ = std::move(report);
  if (service_ == nullptr) return;
  service_->SetServingStatus("", published_.serving);
  for (const PartHealth& part : published_.parts) {
    service_->SetServingStatus(part.name, part.serving);
  }
}

bool HealthReporter::Hangs(const Part& part) const {
  return part.running.has_value() && part.running->Elapsed() > kCheckHangs;
}

bool HealthReporter::AnyHangs() const {
  MutexLock lock(&mutex_);
  return std::any_of(parts_.begin(), parts_.end(),
                     [this](const auto& part) ABSL_NO_THREAD_SAFETY_ANALYSIS {
                       return Hangs(*part);  // Under the lock taken above.
                     });
}

HealthReport HealthReporter::MakeReport() const {
  HealthReport report;
  report.serving = !draining_;
  for (const auto& part : parts_) {
    PartHealth health = {part->part.name, part->last.ok(), std::string(part->last.message())};
    if (Hangs(*part)) {
      const absl::Duration running = part->running->Elapsed();
      health = {health.name, false,
                absl::StrCat("the check of ", health.name, " hangs since ", Seconds(running))};
    }
    if (draining_) health = {health.name, false, "the node is stopping"};
    if (part->part.essential && !health.serving) report.serving = false;
    report.parts.push_back(std::move(health));
  }
  return report;
}

void HealthReporter::StartDraining() {
  MutexLock lock(&mutex_);
  draining_ = true;
  PublishLocked();
}

void HealthReporter::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

HealthReport HealthReporter::Report() const {
  MutexLock lock(&mutex_);
  return MakeReport();
}

void HealthReporter::RunPart(Part& part) {
  do {
    CheckOne(part);
  } while (Pause(kCheckInterval));
}

void HealthReporter::RunPublisher() {
  while (Pause(kPublishInterval)) {
    Publish();
    if (after_round_ != nullptr && !AnyHangs()) after_round_();
  }
}

bool HealthReporter::Pause(absl::Duration duration) {
  const Deadline end(duration);
  MutexLock lock(&mutex_);
  while (!stopped_ && !end.Expired()) changed_.WaitWithTimeout(&mutex_, end.Remaining());
  return !stopped_;
}

}  // namespace camnode
