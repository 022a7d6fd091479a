#include "core/pipeline/lease_keeper.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"
#include "core/domain/job.h"

namespace camnode {

HeldLease::HeldLease(LeaseKeeper& keeper, int64_t number, Job job)
    : keeper_(&keeper), number_(number), job_(std::move(job)) {}

HeldLease::HeldLease(HeldLease&& other) noexcept
    : keeper_(std::exchange(other.keeper_, nullptr)),
      number_(other.number_),
      job_(std::move(other.job_)) {}

HeldLease::~HeldLease() {
  if (keeper_ != nullptr) keeper_->Remove(number_);
}

bool HeldLease::lost() const { return keeper_->IsLost(number_); }

JobLease HeldLease::Take() && {
  return std::move(std::exchange(keeper_, nullptr)->Remove(number_)->lease);
}

LeaseKeeper::LeaseKeeper(absl::Duration period, absl::Duration max_hold, StepWatch& steps)
    : period_(period), max_hold_(max_hold), steps_(steps), thread_([this] { Run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

HeldLease LeaseKeeper::Hold(JobLease lease) {
  Job job = lease.job();
  MutexLock lock(&mutex_);
  const int64_t number = ++last_number_;
  entries_.emplace(number, std::make_unique<Entry>(std::move(lease)));
  return HeldLease(*this, number, std::move(job));
}

void LeaseKeeper::ExtendAll() {
  std::vector<int64_t> numbers;
  {
    MutexLock lock(&mutex_);
    for (const auto& [number, entry] : entries_) numbers.push_back(number);
  }
  for (const int64_t number : numbers) ExtendOne(number);
}

void LeaseKeeper::ExtendOne(int64_t number) {
  Entry* entry = nullptr;
  {
    MutexLock lock(&mutex_);
    const auto found = entries_.find(number);
    if (found == entries_.end() || found->second->extending) return;
    entry = found->second.get();
    if (!MayBeExtended(*entry)) return;
    entry->extending = true;
  }
  // Without the lock: the database may keep us waiting.  Nobody removes the entry
  // meanwhile, because it says that it is being extended.
  bool lost = false;
  {
    const StepWatch::Step step = steps_.Begin("extend a lease");
    lost = absl::IsAborted(entry->lease.Extend());
  }
  MutexLock lock(&mutex_);
  entry->extending = false;
  entry->lost = entry->lost || lost;
  changed_.SignalAll();
}

bool LeaseKeeper::MayBeExtended(Entry& entry) {
  if (entry.held.Elapsed() <= max_hold_) return true;
  if (!std::exchange(entry.refused, true)) {
    Log(LogLevel::kError, "lease_given_up",
        {{LogField::kJob, entry.lease.job().id},
         {LogField::kDurationMs, absl::ToInt64Milliseconds(entry.held.Elapsed())},
         {LogField::kReason, "its film does not end; the lease is extended no more"}});
  }
  return false;
}

std::unique_ptr<LeaseKeeper::Entry> LeaseKeeper::Remove(int64_t number) {
  MutexLock lock(&mutex_);
  const auto found = entries_.find(number);
  while (found->second->extending) changed_.Wait(&mutex_);
  std::unique_ptr<Entry> entry = std::move(found->second);
  entries_.erase(found);
  return entry;
}

bool LeaseKeeper::IsLost(int64_t number) {
  MutexLock lock(&mutex_);
  return entries_.at(number)->lost;
}

void LeaseKeeper::Run() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      const Deadline next(period_);
      while (!stopping_ && !next.Expired()) {
        changed_.WaitWithTimeout(&mutex_, next.Remaining());
      }
      if (stopping_) return;
    }
    ExtendAll();
  }
}

}  // namespace camnode
