#include "services/node/blob_janitor.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/storage/store_identity.h"

namespace camnode {
namespace {

std::string CountsOf(const SweepReport& report) {
  return absl::StrCat(report.unnamed, " of ", report.blobs, " files without a row; ",
                      report.set_aside, " moved to blobs/trash, ", report.restored, " put back, ",
                      report.deleted, " deleted after their days there");
}

}  // namespace

BlobJanitor::BlobJanitor(const BlobJanitorOptions& options, std::string store_id,
                         SqlDatabase& database, BlobStore& blobs, const Clock& clock)
    : options_(options),
      store_id_(std::move(store_id)),
      database_(database),
      names_(database),
      blobs_(blobs),
      clock_(clock) {}

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

void BlobJanitor::RemoveDeadParts() {
  const absl::StatusOr<int> removed = blobs_.RemoveDeadParts(clock_.Now() - options_.min_age);
  if (!removed.ok()) {
    Log(LogLevel::kWarning, "sweep_failed", {{LogField::kReason, removed.status().message()}});
  } else if (*removed > 0) {
    Log(LogLevel::kInfo, "dead_parts_removed", {{LogField::kCount, *removed}});
  }
}

absl::StatusOr<SweepReport> BlobJanitor::Sweep() {
  // A server's database may have been replaced since the node started.
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<StoreIdentity> identity,
                           ReadStoreIdentity(database_));
  const std::string found = identity.value_or(StoreIdentity()).store_id;
  if (!store_id_.empty() && found != store_id_) {
    return absl::FailedPreconditionError(absl::StrCat("the database is of store '", found,
                                                      "' now, the blobs are of store ", store_id_));
  }
  const auto named =
      [this](const std::vector<std::string>& ids) -> absl::StatusOr<std::set<std::string>> {
    {
      MutexLock lock(&mutex_);
      if (stopped_) return absl::CancelledError("stopping");
    }
    return names_.Among(ids);
  };
  SweepOptions options;
  options.min_age = options_.min_age;
  options.trash_days = options_.settings.trash_days;
  options.max_files = options_.settings.max_files;
  return SweepBlobs(blobs_, named, options, clock_);
}

void BlobJanitor::SweepOnce() {
  const absl::StatusOr<SweepReport> swept = Sweep();
  if (absl::IsCancelled(swept.status())) return;
  if (!swept.ok()) {
    Log(LogLevel::kWarning, "sweep_failed", {{LogField::kReason, swept.status().message()}});
    return;
  }
  {
    MutexLock lock(&mutex_);
    report_ = *swept;
  }
  if (swept->refused) {
    Log(LogLevel::kError, "sweep_refused",
        {{LogField::kCount, swept->unnamed}, {LogField::kReason, Health().message()}});
  } else if (swept->set_aside + swept->restored + swept->deleted > 0) {
    Log(LogLevel::kInfo, "blobs_swept",
        {{LogField::kCount, swept->set_aside}, {LogField::kReason, CountsOf(*swept)}});
  }
}

SweepReport BlobJanitor::report() const {
  MutexLock lock(&mutex_);
  return report_;
}

absl::Status BlobJanitor::Health() const {
  const SweepReport last = report();
  if (!last.refused) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      last.unnamed, " of ", last.blobs,
      " files in blobs are named by no row, more than a crash leaves: was an older database "
      "restored?  None was touched.  `camnodectl adopt` takes the films among them in again; if "
      "the rest may go, raise storage.sweep_max_files for one run"));
}

bool BlobJanitor::Pause(absl::Duration duration) {
  const Deadline end(duration);
  MutexLock lock(&mutex_);
  while (!stopped_ && !end.Expired()) changed_.WaitWithTimeout(&mutex_, end.Remaining());
  return !stopped_;
}

void BlobJanitor::Run() {
  RemoveDeadParts();
  if (!Pause(options_.settings.delay)) return;
  while (true) {
    SweepOnce();
    if (!Pause(options_.interval)) return;
    RemoveDeadParts();
  }
}

}  // namespace camnode
