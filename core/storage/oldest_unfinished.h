// How long the oldest unfinished film has been waiting: the alarm that matters.

#ifndef CAMNODE_CORE_STORAGE_OLDEST_UNFINISHED_H_
#define CAMNODE_CORE_STORAGE_OLDEST_UNFINISHED_H_

#include <cstdint>
#include <deque>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/storage/job_queue.h"

namespace camnode {

// By a clock that nobody sets.  A job's row has the date of its creation, and dates jump; so this
// remembers which ids there were when, and a job is at the least as old as the first look that
// could have seen it.  Of what was there before this object only the oldest job's age is taken
// from its date, once; the others count from then.
//
// Thread-safe.  The queue and the clock outlive it.
class OldestUnfinished {
 public:
  OldestUnfinished(JobQueue& queue, const Clock& clock);

  // The age of the oldest job that is queued or leased; zero if there is none.  As exact as it is
  // asked often: a job is noticed by the next look after it came.
  // Errors: SqlDatabase's.
  absl::StatusOr<absl::Duration> Age();

 private:
  // At `seen` all jobs up to `id` were there.
  struct Mark {
    int64_t id;
    absl::Duration seen;
  };

  absl::Duration AgeOf(const UnfinishedJobs& jobs) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remember(Mark mark) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  JobQueue& queue_;
  const Clock& clock_;
  Mutex mutex_;
  bool looked_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Mark> marks_ ABSL_GUARDED_BY(mutex_);  // Both members ascend.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_OLDEST_UNFINISHED_H_
