#include "core/storage/job_queue.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/storage/due.h"
#include "core/storage/id_list.h"
#include "core/storage/job_rows.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/write_gap.h"

namespace camnode {
namespace {

constexpr std::array<JobPriority, 3> kPriorities = {JobPriority::kInteractive, JobPriority::kNormal,
                                                    JobPriority::kBacklog};

constexpr absl::Duration kLongestWaitOfSuspect = absl::Seconds(30);

LongestWaits WaitsOf(const JobQueueOptions& options) {
  return {options.longest_backoff, options.lease_duration};
}

// A job that is due, as it was before this lease.
struct DueJob {
  Job job;
  bool started = false;
  std::string leased_by;
};

Line LineOf(JobPriority priority) { return {"job", "priority", static_cast<int64_t>(priority)}; }

// Due jobs of one priority, oldest first, locked.  Equality on the priority and on
// available_ms makes this one short range of the index job_available.
absl::StatusOr<std::vector<DueJob>> PickDue(SqlTransaction& transaction, JobPriority priority,
                                            int limit) {
  // On PostgreSQL the CTE is materialized, so that the rows picked and locked are
  // exactly the rows returned, whatever the planner thinks of the rest.
  const std::string sql =
      absl::StrCat("WITH picked AS MATERIALIZED (SELECT ", kJobColumns,
                   ", job.started, job.leased_by FROM job "
                   "WHERE priority = :priority AND available_ms = :due "
                   "ORDER BY id LIMIT :limit",
                   ForUpdateSkipLocked(transaction), ") SELECT * FROM picked ORDER BY id");
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(
          sql, {{"priority", static_cast<int>(priority)}, {"due", kDueNow}, {"limit", limit}}));
  std::vector<DueJob> due;
  for (const SqlRow& row : rows) {
    DueJob job;
    job.job = JobFromRow(row);
    job.started = row.Int(kJobColumnCount) != 0;
    job.leased_by = row.Text(kJobColumnCount + 1);
    due.push_back(std::move(job));
  }
  return due;
}

// True if something is due: one look that takes no lock, so that idle workers
// which poll never stand in a writer's way.
absl::StatusOr<bool> AnythingDue(SqlDatabase& database, const Clock& clock,
                                 const LongestWaits& waits) {
  bool any = false;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock));
    for (const JobPriority priority : kPriorities) {
      CAMNODE_ASSIGN_OR_RETURN(any, AnyDue(transaction, LineOf(priority), waits, now_ms));
      if (any) break;
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database.Read(read));
  return any;
}

// Why the budgets of `job` are spent, or "".
std::string SpentBudget(const Job& job, const JobQueueOptions& options) {
  if (job.failures >= options.max_failures) {
    return absl::StrCat("given up after ", job.failures, " failures; the last: ", job.last_error);
  }
  if (job.interruptions >= options.max_interruptions) {
    return absl::StrCat(
        "given up after ", job.interruptions,
        " attempts during which the worker was stopped; the last: ", job.last_error);
  }
  return "";
}

// A film that took a worker down lets others go first, longer each time: it may do so again.
absl::Duration WaitOfSuspect(const Job& job) {
  const int ends = std::clamp(job.failures + job.interruptions, 1, 6);
  return std::min(absl::Seconds(1 << (ends - 1)), kLongestWaitOfSuspect);
}

absl::string_view DescribeEnd(WorkerEnd end) {
  switch (end) {
    case WorkerEnd::kCrashed:
      return " crashed during attempt ";
    case WorkerEnd::kStalled:
      return " made no step any more during attempt ";
    case WorkerEnd::kStopped:
      break;
  }
  return " was stopped during attempt ";
}

// A started attempt has ended without a word from the worker.
void ChargeVanished(Job& job, const std::string& worker) {
  ++job.failures;
  job.alone = true;
  job.last_error = absl::StrCat("worker ", worker, " went quiet during attempt ", job.attempt);
}

class Leaser {
 public:
  Leaser(SqlTransaction& transaction, const std::string& worker, int64_t now_ms,
         const JobQueueOptions& options)
      : transaction_(transaction), worker_(worker), now_ms_(now_ms), options_(options) {}

  // Leases up to `max_jobs` and returns them.
  absl::StatusOr<std::vector<Job>> Run(int max_jobs) {
    for (const JobPriority priority : kPriorities) {
      CAMNODE_RETURN_IF_ERROR(EndWaits(transaction_, LineOf(priority), WaitsOf(options_), now_ms_));
      while (!full_ && leased_.size() < static_cast<size_t>(max_jobs)) {
        const int wanted = max_jobs - static_cast<int>(leased_.size());
        CAMNODE_ASSIGN_OR_RETURN(std::vector<DueJob> due, PickDue(transaction_, priority, wanted));
        if (due.empty()) break;
        for (DueJob& job : due) {
          if (!full_) CAMNODE_RETURN_IF_ERROR(Take(std::move(job)));
        }
      }
    }
    return std::move(leased_);
  }

 private:
  absl::Status Take(DueJob due) {
    Job& job = due.job;
    if (due.started) {
      ChargeVanished(job, due.leased_by);
      const std::string spent = SpentBudget(job, options_);
      if (!spent.empty()) return BuryJob(transaction_, job, spent, now_ms_);
    }
    // A suspect runs by itself: first in the answer or not in it.
    if (job.alone && !leased_.empty()) {
      full_ = true;
      return absl::OkStatus();
    }
    CAMNODE_RETURN_IF_ERROR(CheckTransition(job.state, JobState::kLeased));
    const int previous_attempt = job.attempt++;
    CAMNODE_ASSIGN_OR_RETURN(
        const int64_t changed,
        transaction_.Execute(
            R"sql(UPDATE job SET state = 'leased', attempt = :attempt, started = 0,
                    failures = :failures, alone = :alone, last_error = :error,
                    leased_by = :worker, available_ms = :ends
                  WHERE id = :id AND attempt = :previous AND state IN ('queued', 'leased'))sql",
            {{"attempt", job.attempt},
             {"failures", job.failures},
             {"alone", job.alone},
             {"error", job.last_error},
             {"worker", worker_},
             {"ends", now_ms_ + absl::ToInt64Milliseconds(options_.lease_duration)},
             {"id", job.id},
             {"previous", previous_attempt}}));
    if (changed != 1) return absl::UnavailableError("a job changed while it was leased");
    job.state = JobState::kLeased;
    full_ = job.alone;
    leased_.push_back(std::move(job));
    return absl::OkStatus();
  }

  SqlTransaction& transaction_;
  const std::string& worker_;
  const int64_t now_ms_;
  const JobQueueOptions& options_;
  std::vector<Job> leased_;
  bool full_ = false;
};

absl::StatusOr<int64_t> CountIn(SqlTransaction& transaction, JobState state) {
  // The state in the words of a partial index, not as a parameter.
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(
          absl::StrCat("SELECT COUNT(*) FROM job WHERE state = '", JobStateName(state), "'"), {}));
  return rows.at(0).Int(0);
}

// Queued or leased.  By priority, as leasing asks: a planner without statistics takes half
// of all jobs for such.
absl::StatusOr<int64_t> CountLive(SqlTransaction& transaction) {
  int64_t live = 0;
  for (const JobPriority priority : kPriorities) {
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query("SELECT COUNT(*) FROM job WHERE priority = :priority AND "
                          "available_ms IS NOT NULL",
                          {{"priority", static_cast<int>(priority)}}));
    live += rows.at(0).Int(0);
  }
  return live;
}

// The first of the unfinished jobs under `condition`; absent if there is none.  In each line of
// the index job_available: the first of those due, and of the few that wait or are held.
absl::StatusOr<absl::optional<SqlRow>> OldestUnder(SqlTransaction& transaction,
                                                   absl::string_view columns,
                                                   absl::string_view condition) {
  absl::optional<SqlRow> oldest;
  for (const JobPriority priority : kPriorities) {
    for (const absl::string_view part : {"available_ms = :due", "available_ms > :due"}) {
      CAMNODE_ASSIGN_OR_RETURN(
          const std::vector<SqlRow> first,
          transaction.Query(absl::StrCat("SELECT id, ", columns, " FROM job WHERE priority = ",
                                         ":priority AND ", part, condition, " ORDER BY id LIMIT 1"),
                            {{"priority", static_cast<int>(priority)}, {"due", kDueNow}}));
      if (first.empty()) continue;
      if (!oldest || first[0].Int(0) < oldest->Int(0)) oldest = first[0];
    }
  }
  return oldest;
}

// Of the first queued one; 0 if none is.
absl::StatusOr<int64_t> OldestQueuedMs(SqlTransaction& transaction) {
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<SqlRow> oldest,
                           OldestUnder(transaction, "created_ms", " AND state = 'queued'"));
  return oldest ? oldest->Int(1) : 0;
}

}  // namespace

JobQueue::JobQueue(SqlDatabase& database, const Clock& clock, const JobQueueOptions& options)
    : database_(database), clock_(clock), options_(options) {}

absl::StatusOr<std::vector<JobLease>> JobQueue::Lease(const std::string& worker, int max_jobs) {
  CAMNODE_ASSIGN_OR_RETURN(const bool any, AnythingDue(database_, clock_, WaitsOf(options_)));
  if (!any || max_jobs <= 0) return std::vector<JobLease>();
  std::vector<Job> jobs;
  const auto lease = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    CAMNODE_RETURN_IF_ERROR(ForgiveWriteGap(transaction, now_ms));
    CAMNODE_ASSIGN_OR_RETURN(jobs, Leaser(transaction, worker, now_ms, options_).Run(max_jobs));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(lease));
  if (!jobs.empty()) CrashPoint("after_lease_commit");
  std::vector<JobLease> leases;
  leases.reserve(jobs.size());
  for (Job& job : jobs) leases.push_back(JobLease(*this, std::move(job)));
  return leases;
}

absl::StatusOr<int> JobQueue::ReturnLeases(const std::string& worker, WorkerEnd end,
                                           const std::vector<int64_t>& suspects) {
  int returned = 0;
  const auto is_suspect = [&suspects](const SqlRow& row, int64_t id) {
    return row.Int(kJobColumnCount) != 0 &&
           (suspects.empty() || std::count(suspects.begin(), suspects.end(), id) > 0);
  };
  const auto give_back = [&](SqlTransaction& transaction) -> absl::Status {
    returned = 0;
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query(
            absl::StrCat("SELECT ", kJobColumns, ", job.started FROM job WHERE state = 'leased' ",
                         "AND leased_by = :worker ORDER BY id", ForUpdate(transaction)),
            {{"worker", worker}}));
    // Of several nobody knows which it was: each runs alone next, and then it shows.
    const bool one_suspect = std::count_if(rows.begin(), rows.end(), [&](const SqlRow& row) {
                               return is_suspect(row, JobFromRow(row).id);
                             }) == 1;
    for (const SqlRow& row : rows) {
      Job job = JobFromRow(row);
      ++returned;
      if (!is_suspect(row, job.id)) {
        // Not its fault: back to its old place in the line.
        CAMNODE_RETURN_IF_ERROR(RequeueLeasedJob(transaction, job, kDueNow));
        continue;
      }
      const bool stopped = end == WorkerEnd::kStopped;
      if (one_suspect || stopped) ++(stopped ? job.interruptions : job.failures);
      job.alone = true;
      job.last_error = absl::StrCat("worker ", worker, DescribeEnd(end), job.attempt);
      const std::string spent = SpentBudget(job, options_);
      const int64_t again_ms = DueAfter(now_ms, WaitOfSuspect(job), WaitsOf(options_));
      CAMNODE_RETURN_IF_ERROR(spent.empty() ? RequeueLeasedJob(transaction, job, again_ms)
                                            : BuryJob(transaction, job, spent, now_ms));
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(give_back));
  return returned;
}

absl::Status JobQueue::Requeue(int64_t job_id) {
  return database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query(absl::StrCat("SELECT ", kJobColumns, " FROM job WHERE id = :id",
                                       ForUpdate(transaction)),
                          {{"id", job_id}}));
    if (rows.empty()) return absl::NotFoundError(absl::StrCat("no job ", job_id));
    const Job job = JobFromRow(rows[0]);
    if (job.state != JobState::kBuried) {
      return absl::FailedPreconditionError(
          absl::StrCat("job ", job_id, " is ", JobStateName(job.state), ", not buried"));
    }
    return RequeueBuriedJob(transaction, job);
  });
}

absl::StatusOr<Job> JobQueue::Get(int64_t job_id) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_, absl::StrCat("SELECT ", kJobColumns, " FROM job WHERE id = :id"),
               {{"id", job_id}}));
  if (rows.empty()) return absl::NotFoundError(absl::StrCat("no job ", job_id));
  return JobFromRow(rows[0]);
}

absl::StatusOr<std::vector<Job>> JobQueue::ListByInstances(
    const std::vector<int64_t>& instance_ids) {
  std::vector<Job> jobs;
  const SqlDialect dialect = database_.dialect();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_,
               absl::StrCat("SELECT ", kJobColumns, " FROM job WHERE kind = 'analyze' AND ",
                            IsOneOf(dialect, "subject", "instances"), " ORDER BY id DESC"),
               {{"instances", IdList(dialect, instance_ids)}}));
  for (const SqlRow& row : rows) jobs.push_back(JobFromRow(row));
  return jobs;
}

absl::StatusOr<std::vector<Job>> JobQueue::ListByState(JobState state, int limit,
                                                       int64_t before_id) {
  std::vector<Job> jobs;
  std::string sql =
      absl::StrCat("SELECT ", kJobColumns, " FROM job WHERE state = '", JobStateName(state), "' ");
  SqlParameters parameters = {{"limit", limit}};
  // Says the same as the state, in the words of the partial index that leasing reads.
  if (state == JobState::kQueued) {
    const auto number = [](std::string* text, JobPriority priority) {
      absl::StrAppend(text, static_cast<int>(priority));
    };
    absl::StrAppend(&sql, "AND available_ms IS NOT NULL AND priority IN (",
                    absl::StrJoin(kPriorities, ", ", number), ") ");
  }
  // The plus keeps the planner from walking through all jobs, in search of the few in this
  // state.
  if (before_id > 0) {
    sql += "AND +id < :before ";
    parameters.emplace_back("before", before_id);
  }
  sql += "ORDER BY +id DESC LIMIT :limit";
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, ReadRows(database_, sql, parameters));
  for (const SqlRow& row : rows) jobs.push_back(JobFromRow(row));
  return jobs;
}

absl::StatusOr<QueueDepth> JobQueue::Depth() {
  QueueDepth depth;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t live, CountLive(transaction));
    CAMNODE_ASSIGN_OR_RETURN(depth.leased, CountIn(transaction, JobState::kLeased));
    CAMNODE_ASSIGN_OR_RETURN(depth.buried, CountIn(transaction, JobState::kBuried));
    depth.queued = live - depth.leased;
    CAMNODE_ASSIGN_OR_RETURN(depth.oldest_queued_ms, OldestQueuedMs(transaction));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return depth;
}

absl::StatusOr<UnfinishedJobs> JobQueue::Unfinished() {
  UnfinishedJobs jobs;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    jobs = UnfinishedJobs();
    CAMNODE_ASSIGN_OR_RETURN(const absl::optional<SqlRow> oldest,
                             OldestUnder(transaction, "created_ms", ""));
    if (oldest) {
      jobs.oldest_id = oldest->Int(0);
      jobs.oldest_created_ms = oldest->Int(1);
    }
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> newest,
                             transaction.Query("SELECT id FROM job ORDER BY id DESC LIMIT 1", {}));
    if (!newest.empty()) jobs.newest_id = newest[0].Int(0);
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return jobs;
}

absl::StatusOr<int64_t> JobQueue::CountQueued() {
  int64_t count = 0;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t live, CountLive(transaction));
    CAMNODE_ASSIGN_OR_RETURN(const int64_t leased, CountIn(transaction, JobState::kLeased));
    count = live - leased;
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return count;
}

}  // namespace camnode
