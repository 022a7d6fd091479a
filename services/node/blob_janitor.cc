#include "services/node/blob_janitor.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"

namespace camnode {

BlobJanitor::BlobJanitor(const BlobJanitorOptions& options, BlobStore& blobs,
                         InstanceStore& instances, Quarantine& quarantine, ResultStore& results)
    : options_(options),
      blobs_(blobs),
      instances_(instances),
      quarantine_(quarantine),
      results_(results) {}

BlobJanitor::~BlobJanitor() { Stop(); }

void BlobJanitor::Start() {
  thread_ = std::thread([this] { Run(); });
}

void BlobJanitor::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

void BlobJanitor::SweepOnce() {
  const auto is_named = [this](absl::string_view id) -> absl::StatusOr<bool> {
    {
      MutexLock lock(&mutex_);
      if (stopped_) return absl::CancelledError("stopping");
    }
    CAMNODE_ASSIGN_OR_RETURN(const bool is_film, instances_.NamesBlob(id));
    if (is_film) return true;
    CAMNODE_ASSIGN_OR_RETURN(const bool set_aside, quarantine_.NamesBlob(id));
    if (set_aside) return true;
    return results_.NamesBlob(id);
  };
  const absl::StatusOr<int> removed = blobs_.Sweep(is_named, options_.min_age);
  if (absl::IsCancelled(removed.status())) return;
  if (!removed.ok()) {
    Log(LogLevel::kWarning, "sweep_failed", {{LogField::kReason, removed.status().message()}});
  } else if (*removed > 0) {
    Log(LogLevel::kInfo, "orphans_removed", {{LogField::kCount, *removed}});
  }
}

void BlobJanitor::Run() {
  while (true) {
    SweepOnce();
    const Deadline next(options_.interval);
    MutexLock lock(&mutex_);
    while (!stopped_ && !next.Expired()) changed_.WaitWithTimeout(&mutex_, next.Remaining());
    if (stopped_) return;
  }
}

}  // namespace camnode
