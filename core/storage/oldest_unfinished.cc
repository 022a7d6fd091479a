#include "core/storage/oldest_unfinished.h"

#include <algorithm>
#include <cstddef>

#include "core/base/status_macros.h"

namespace camnode {
namespace {

// Beyond these every second mark goes: ages get coarser, never greater than they are.
constexpr std::size_t kMaxMarks = 1024;

}  // namespace

OldestUnfinished::OldestUnfinished(JobQueue& queue, const Clock& clock)
    : queue_(queue), clock_(clock) {}

absl::StatusOr<absl::Duration> OldestUnfinished::Age() {
  MutexLock lock(&mutex_);
  CAMNODE_ASSIGN_OR_RETURN(const UnfinishedJobs jobs, queue_.Unfinished());
  return AgeOf(jobs);
}

absl::Duration OldestUnfinished::AgeOf(const UnfinishedJobs& jobs) {
  const absl::Duration now = clock_.MonotonicNow();
  if (!looked_ && jobs.oldest_id != 0) {
    const absl::Duration by_date = clock_.Now() - FromUnixMs(jobs.oldest_created_ms);
    Remember({jobs.oldest_id, now - std::max(by_date, absl::ZeroDuration())});
  }
  looked_ = true;
  Remember({jobs.newest_id, now});
  while (!marks_.empty() && marks_.front().id < jobs.oldest_id) marks_.pop_front();
  if (jobs.oldest_id == 0 || marks_.empty()) return absl::ZeroDuration();
  return now - marks_.front().seen;
}

void OldestUnfinished::Remember(Mark mark) {
  if (!marks_.empty() && mark.id <= marks_.back().id) return;
  marks_.push_back(mark);
  if (marks_.size() <= kMaxMarks) return;
  // A job then counts from the later of two looks.  The last stays: there is one too many.
  std::deque<Mark> kept;
  for (std::size_t i = 0; i < marks_.size(); i += 2) kept.push_back(marks_[i]);
  marks_.swap(kept);
}

}  // namespace camnode
