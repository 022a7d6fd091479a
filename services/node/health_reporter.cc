#include "services/node/health_reporter.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/log.h"

namespace camnode {
namespace {

constexpr absl::Duration kCheckInterval = absl::Seconds(1);

}  // namespace

absl::Status CheckWorkers(WorkerRegistry& workers, const Clock& clock, absl::Duration max_age) {
  const absl::StatusOr<std::vector<WorkerRecord>> records = workers.List();
  if (!records.ok()) return records.status();
  const int64_t oldest_ms = ToUnixMs(clock.Now() - max_age);
  for (const WorkerRecord& record : *records) {
    if (record.ready && record.heartbeat_ms >= oldest_ms) return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("no worker was ready within the last ",
                                             absl::FormatDuration(max_age), " (", records->size(),
                                             " known)"));
}

HealthReporter::HealthReporter(std::vector<HealthPart> parts) : parts_(std::move(parts)) {
  for (const HealthPart& part : parts_) {
    report_.parts.push_back({part.name, false, "not checked yet"});
  }
}

HealthReporter::~HealthReporter() { Stop(); }

void HealthReporter::ReportTo(grpc::HealthCheckServiceInterface* service) {
  service_ = service;
  MutexLock lock(&mutex_);
  Publish(report_);
}

void HealthReporter::Start() {
  thread_ = std::thread([this] { Run(); });
}

void HealthReporter::Check() {
  HealthReport report;
  report.serving = true;
  for (const HealthPart& part : parts_) {
    const absl::Status status = part.check();
    report.parts.push_back({part.name, status.ok(), std::string(status.message())});
    if (part.essential && !status.ok()) report.serving = false;
  }
  MutexLock lock(&mutex_);
  if (draining_) return;
  for (std::size_t i = 0; i < report.parts.size(); ++i) {
    if (report.parts[i].serving == report_.parts[i].serving) continue;
    Log(report.parts[i].serving ? LogLevel::kInfo : LogLevel::kWarning, "health_changed",
        {{LogField::kOutcome, report.parts[i].serving ? "serving" : "not_serving"},
         {LogField::kReason, absl::StrCat(report.parts[i].name, report.parts[i].serving ? "" : ": ",
                                          report.parts[i].reason)}});
  }
  report_ = std::move(report);
  Publish(report_);
}

void HealthReporter::Publish(const HealthReport& report) {
  if (service_ == nullptr) return;
  service_->SetServingStatus("", report.serving);
  for (const PartHealth& part : report.parts) service_->SetServingStatus(part.name, part.serving);
}

void HealthReporter::StartDraining() {
  MutexLock lock(&mutex_);
  draining_ = true;
  report_.serving = false;
  for (PartHealth& part : report_.parts) part = {part.name, false, "the node is stopping"};
  Publish(report_);
}

void HealthReporter::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

HealthReport HealthReporter::Report() const {
  MutexLock lock(&mutex_);
  return report_;
}

void HealthReporter::Run() {
  while (true) {
    Check();
    if (after_round_ != nullptr) after_round_();
    MutexLock lock(&mutex_);
    if (!stopped_) changed_.WaitWithTimeout(&mutex_, kCheckInterval);
    if (stopped_) return;
  }
}

}  // namespace camnode
