#include "services/node/storage_figures.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/storage/quarantine.h"

namespace camnode {
namespace {

constexpr absl::Duration kBacklogsHold = absl::Minutes(1);

}  // namespace

StorageFiguresReader::StorageFiguresReader(NodeStores& stores, const Clock& clock)
    : stores_(stores),
      clock_(clock),
      backlogs_hold_(absl::ZeroDuration(), clock),
      fresh_(absl::ZeroDuration(), clock),
      too_old_(absl::ZeroDuration(), clock),
      thread_([this] { Run(); }) {}

StorageFiguresReader::~StorageFiguresReader() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

StorageFigures StorageFiguresReader::Read() {
  const Deadline patience(kPatience);
  MutexLock lock(&mutex_);
  if (!fresh_.Expired()) return figures_;
  asked_ = true;
  changed_.SignalAll();
  while (asked_ && !hangs_ && !patience.Expired()) {
    changed_.WaitWithTimeout(&mutex_, patience.Remaining());
  }
  hangs_ = asked_;
  return too_old_.Expired() ? StorageFigures() : figures_;
}

void StorageFiguresReader::Run() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      while (!asked_ && !stopping_) changed_.Wait(&mutex_);
      if (stopping_) return;
    }
    StorageFigures figures = ReadStores();
    MutexLock lock(&mutex_);
    figures_ = std::move(figures);
    fresh_ = Deadline(kHolds, clock_);
    too_old_ = Deadline(kTooOld, clock_);
    asked_ = false;
    hangs_ = false;
    changed_.SignalAll();
  }
}

StorageFigures StorageFiguresReader::ReadStores() {
  StorageFigures figures;
  if (const absl::StatusOr<QueueDepth> depth = stores_.jobs.Depth(); depth.ok()) {
    figures.queue = *depth;
  }
  if (const absl::StatusOr<absl::Duration> age = stores_.oldest_unfinished.Age(); age.ok()) {
    figures.oldest_unfinished_age = *age;
  }
  if (const absl::StatusOr<QuarantineSize> size = stores_.quarantine.Size(); size.ok()) {
    figures.quarantined_instances = size->instances;
  }
  if (const absl::StatusOr<int64_t> bytes = stores_.blobs->FreeBytes(); bytes.ok()) {
    figures.free_bytes = *bytes;
  }
  if (backlogs_hold_.Expired()) {
    if (auto backlogs = stores_.outbox.Backlogs(); backlogs.ok()) {
      backlogs_ = *std::move(backlogs);
      backlogs_hold_ = Deadline(kBacklogsHold, clock_);
    }
  }
  figures.backlogs = backlogs_;
  return figures;
}

}  // namespace camnode
