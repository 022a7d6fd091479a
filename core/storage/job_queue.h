// The durable queue between node and workers.

#ifndef CAMNODE_CORE_STORAGE_JOB_QUEUE_H_
#define CAMNODE_CORE_STORAGE_JOB_QUEUE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/domain/job.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct JobQueueOptions {
  // Longer: the job of a worker that vanished waits longer.  Shorter: a worker
  // that stalls loses its job although it lives.  LeaseKeeper renews at a third.
  absl::Duration lease_duration = absl::Minutes(2);
  // Of those that workers ask for when a film failed: Backoff::maximum.
  absl::Duration longest_backoff = absl::Minutes(10);
  // Failures and crashes after which a job is buried.
  int max_failures = 3;
  // Attempts ended by a kill from outside after which a job is buried: where nobody can tell
  // (several hosts), a film that makes the kernel's memory killer strike looks like that.
  int max_interruptions = 25;
};

// In section `queue` of the configuration, which also sees to it that a lease is long
// enough to be extended.
template <typename Reader>
void ReadOptions(Reader&& reader, JobQueueOptions* options) {
  reader.Read("lease_ms", absl::Hours(24), &options->lease_duration);
  reader.Read("max_failures", 1, 1000, &options->max_failures);
  reader.Read("max_interruptions", 1, 100'000, &options->max_interruptions);
}

// How a worker process ended, for ReturnLeases.
enum class WorkerEnd {
  kCrashed,  // A crash signal or a bad exit code: the running job is suspect.
  kStalled,  // It made no step any more and was ended for it: as kCrashed.
  kStopped,  // SIGKILL, SIGTERM, SIGINT, clean exit, or its node died: nobody's fault.
};

// What a Retry costs the job.
enum class Charge {
  kNothing,     // The world's fault (kRetry of core/base/retryable.h): budgets are untouched.
  kOneFailure,  // Of max_failures.
};

class JobQueue;

// One attempt at one job.  Move-only; ended in exactly one of three ways:
// ResultStore::Commit(std::move(lease), ...), Retry, Bury.  A lease merely
// destroyed runs out by itself.
//
// Every call returns kAborted, and changes nothing, if the attempt is no longer
// ours: the lease ran out and the job was leased again, finished or buried.
class JobLease {
 public:
  JobLease(JobLease&&) noexcept = default;
  JobLease& operator=(JobLease&&) noexcept = default;

  const Job& job() const { return job_; }
  int attempt() const { return job_.attempt; }

  // Says that work begins: from now on a lease that runs out is charged.  Sets
  // job().analysis_started_ms, once in the job's life.  Call it right before
  // anything that could kill the process, such as decoding.
  absl::Status Start();

  // Pushes the lease's end to now + lease_duration.
  absl::Status Extend();

  // Back to the queue for `delay`; buried instead if the charge spends max_failures.  Like
  // Bury, leaves the lease as it was if the database refuses: it may be called again.
  absl::Status Retry(const absl::Status& why, absl::Duration delay, Charge charge) &&;
  absl::Status Bury(const absl::Status& why) &&;

 private:
  friend class JobQueue;
  friend class ResultStore;
  JobLease(JobQueue& queue, Job job) : queue_(&queue), job_(std::move(job)) {}

  JobQueue* queue_;
  Job job_;
};

struct QueueDepth {
  int64_t queued = 0;
  int64_t leased = 0;
  int64_t buried = 0;
  // When the first of the queued ones was created; 0 if none is queued.
  int64_t oldest_queued_ms = 0;
};

// Jobs that are queued or leased, for OldestUnfinished.
struct UnfinishedJobs {
  int64_t oldest_id = 0;  // 0 if there is none.
  int64_t oldest_created_ms = 0;
  int64_t newest_id = 0;  // Of all jobs, finished or not; 0 if there is none.
};

// Thread-safe.
class JobQueue {
 public:
  JobQueue(SqlDatabase& database, const Clock& clock, const JobQueueOptions& options);

  // Leases up to `max_jobs` jobs by priority, then age, raising each one's
  // attempt.  Empty if nothing is due.  A job marked `alone` comes by itself, and
  // the caller runs nothing beside it; leases not started are not charged.
  // Jobs whose lease ran out after starting are charged a failure here, and
  // buried here with the reason once their budget is spent; not so if they ran out while
  // nobody could write to the database (write_gap.h).
  absl::StatusOr<std::vector<JobLease>> Lease(const std::string& worker, int max_jobs);

  // Gives back at once every lease held by `worker`, whose process has ended:
  // not started ones uncharged; a started one is marked `alone`, charged an
  // interruption (kStopped) or, if no other had started, a failure (otherwise), lets others
  // go first for a second or up to half a minute, and is buried if the charge spends its budget.
  // Safe even if the worker still lives: its commits are fenced off. Returns how many were given
  // back.
  // `suspects`: the jobs that alone can be at fault, where that is known; started ones that are
  // not among them go back as those not started.  Empty: every started one.
  absl::StatusOr<int> ReturnLeases(const std::string& worker, WorkerEnd end,
                                   const std::vector<int64_t>& suspects = {});

  // A buried job back to the queue with fresh budgets.
  // Errors: kNotFound, kFailedPrecondition if it is not buried.
  absl::Status Requeue(int64_t job_id);

  absl::StatusOr<Job> Get(int64_t job_id);
  // The jobs about each of the instances, newest first: one for each workflow, and older
  // ones with model sets of the past.  Empty if there are none.
  absl::StatusOr<std::vector<Job>> ListByInstances(const std::vector<int64_t>& instance_ids);
  // Newest first, ids below `before_id` (0: from the newest).
  absl::StatusOr<std::vector<Job>> ListByState(JobState state, int limit, int64_t before_id);

  // Reads one narrow index over the jobs that are not over: milliseconds for 100,000.
  absl::StatusOr<QueueDepth> Depth();

  // Reads one row of each line, and those that wait or are held.
  absl::StatusOr<UnfinishedJobs> Unfinished();

  // QueueDepth::queued alone, for those who ask often.
  absl::StatusOr<int64_t> CountQueued();

  const JobQueueOptions& options() const { return options_; }

 private:
  friend class JobLease;
  SqlDatabase& database_;
  const Clock& clock_;
  const JobQueueOptions options_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_JOB_QUEUE_H_
