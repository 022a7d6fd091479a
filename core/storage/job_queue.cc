#include "core/storage/job_queue.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/storage/job_rows.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/sql/id_list.h"

namespace camnode {
namespace {

constexpr std::array<JobPriority, 3> kPriorities = {JobPriority::kInteractive, JobPriority::kNormal,
                                                    JobPriority::kBacklog};

// A job that is due, as it was before this lease.
struct DueJob {
  Job job;
  bool started = false;
  std::string leased_by;
};

// Due jobs of one priority, oldest first, locked.  Equality on the priority makes
// this one short range of the index job_available.
absl::StatusOr<std::vector<DueJob>> PickDue(SqlTransaction& transaction, JobPriority priority,
                                            int64_t now_ms, int limit) {
  // On PostgreSQL the CTE is materialized, so that the rows picked and locked are
  // exactly the rows returned, whatever the planner thinks of the rest.
  const std::string sql = absl::StrCat("WITH picked AS MATERIALIZED (SELECT ", kJobColumns,
                                       ", job.started, job.leased_by, job.available_ms FROM job "
                                       "WHERE priority = :priority AND available_ms <= :now "
                                       "ORDER BY available_ms, id LIMIT :limit",
                                       ForUpdateSkipLocked(transaction),
                                       ") SELECT * FROM picked ORDER BY available_ms, id");
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(
          sql, {{"priority", static_cast<int>(priority)}, {"now", now_ms}, {"limit", limit}}));
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
absl::StatusOr<bool> AnythingDue(SqlDatabase& database, const Clock& clock) {
  bool any = false;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock));
    for (const JobPriority priority : kPriorities) {
      CAMNODE_ASSIGN_OR_RETURN(
          const std::vector<SqlRow> rows,
          transaction.Query(
              "SELECT 1 FROM job WHERE priority = :priority AND available_ms <= :now LIMIT 1",
              {{"priority", static_cast<int>(priority)}, {"now", now_ms}}));
      any = !rows.empty();
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
      while (!full_ && leased_.size() < static_cast<size_t>(max_jobs)) {
        const int wanted = max_jobs - static_cast<int>(leased_.size());
        CAMNODE_ASSIGN_OR_RETURN(std::vector<DueJob> due,
                                 PickDue(transaction_, priority, now_ms_, wanted));
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

// Of the first in the line of each priority; 0 if all lines are empty.
absl::StatusOr<int64_t> OldestQueuedMs(SqlTransaction& transaction) {
  int64_t oldest_ms = 0;
  for (const JobPriority priority : kPriorities) {
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> first,
        transaction.Query("SELECT created_ms FROM job WHERE priority = :priority AND "
                          "available_ms IS NOT NULL AND state = 'queued' "
                          "ORDER BY available_ms, id LIMIT 1",
                          {{"priority", static_cast<int>(priority)}}));
    if (first.empty()) continue;
    const int64_t created_ms = first[0].Int(0);
    oldest_ms = oldest_ms == 0 ? created_ms : std::min(oldest_ms, created_ms);
  }
  return oldest_ms;
}

}  // namespace

JobQueue::JobQueue(SqlDatabase& database, const Clock& clock, const JobQueueOptions& options)
    : database_(database), clock_(clock), options_(options) {}

absl::StatusOr<std::vector<JobLease>> JobQueue::Lease(const std::string& worker, int max_jobs) {
  CAMNODE_ASSIGN_OR_RETURN(const bool any, AnythingDue(database_, clock_));
  if (!any || max_jobs <= 0) return std::vector<JobLease>();
  std::vector<Job> jobs;
  const auto lease = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
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

absl::StatusOr<int> JobQueue::ReturnLeases(const std::string& worker, WorkerEnd end) {
  int returned = 0;
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
    const bool one_started = std::count_if(rows.begin(), rows.end(), [](const SqlRow& row) {
                               return row.Int(kJobColumnCount) != 0;
                             }) == 1;
    for (const SqlRow& row : rows) {
      Job job = JobFromRow(row);
      ++returned;
      if (row.Int(kJobColumnCount) == 0) {
        // Not its fault: back to its old place in the line.
        CAMNODE_RETURN_IF_ERROR(RequeueLeasedJob(transaction, job, job.created_ms));
        continue;
      }
      const bool crashed = end == WorkerEnd::kCrashed;
      if (one_started || !crashed) ++(crashed ? job.failures : job.interruptions);
      job.alone = true;
      job.last_error = absl::StrCat("worker ", worker, crashed ? " crashed" : " was stopped",
                                    " during attempt ", job.attempt);
      const std::string spent = SpentBudget(job, options_);
      CAMNODE_RETURN_IF_ERROR(spent.empty() ? RequeueLeasedJob(transaction, job, now_ms)
                                            : BuryJob(transaction, job, spent, now_ms));
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(give_back));
  return returned;
}

absl::Status JobQueue::Requeue(int64_t job_id) {
  return database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
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
    return RequeueBuriedJob(transaction, job, now_ms);
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
