#include "core/storage/job_rows.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/due.h"
#include "core/storage/event_log.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/study_counts.h"

namespace camnode {
namespace {

absl::Status ExecuteFenced(SqlTransaction& transaction, absl::string_view assignments,
                           const Job& job, SqlParameters parameters) {
  parameters.emplace_back("id", job.id);
  parameters.emplace_back("attempt", job.attempt);
  CAMNODE_ASSIGN_OR_RETURN(
      const int64_t changed,
      transaction.Execute(absl::StrCat("UPDATE job SET ", assignments, " WHERE ", kFence),
                          parameters));
  return changed == 1 ? absl::OkStatus() : LostLease(job.id, job.attempt);
}

}  // namespace

const absl::string_view kFence = "id = :id AND attempt = :attempt AND state = 'leased'";

absl::string_view ForUpdate(const SqlTransaction& transaction) {
  return transaction.dialect() == SqlDialect::kPostgres ? " FOR UPDATE" : "";
}

absl::string_view ForUpdateSkipLocked(const SqlTransaction& transaction) {
  return transaction.dialect() == SqlDialect::kPostgres ? " FOR UPDATE SKIP LOCKED" : "";
}

absl::Status LostLease(int64_t job_id, int attempt) {
  return absl::AbortedError(
      absl::StrCat("attempt ", attempt, " at job ", job_id, " is no longer the current one"));
}

absl::Status RequeueBuriedJob(SqlTransaction& transaction, const Job& job) {
  CAMNODE_RETURN_IF_ERROR(CheckTransition(job.state, JobState::kQueued));
  // `alone` stays: a film that took a worker down is still suspect.
  CAMNODE_ASSIGN_OR_RETURN(
      const int64_t changed,
      transaction.Execute("UPDATE job SET state = 'queued', failures = 0, interruptions = 0, "
                          "available_ms = :due, finished_ms = NULL "
                          "WHERE id = :id AND state = 'buried'",
                          {{"due", kDueNow}, {"id", job.id}}));
  if (changed != 1) return absl::UnavailableError("the job changed while it was requeued");
  StudyChange change;
  change.buried = -1;
  change.pending = 1;
  CAMNODE_RETURN_IF_ERROR(CountInStudy(transaction, job.subject, change));
  transaction.RingAfterCommit(kJobsTopic);
  return absl::OkStatus();
}

absl::Status BuryJob(SqlTransaction& transaction, const Job& job, const std::string& reason,
                     int64_t now_ms) {
  CAMNODE_RETURN_IF_ERROR(ExecuteFenced(
      transaction,
      "state = 'buried', available_ms = NULL, finished_ms = :now, started = 0, leased_by = '', "
      "failures = :failures, interruptions = :interruptions, alone = :alone, last_error = :error",
      job,
      {{"now", now_ms},
       {"failures", job.failures},
       {"interruptions", job.interruptions},
       {"alone", job.alone},
       {"error", reason}}));
  StudyChange change;
  change.pending = -1;
  change.buried = 1;
  CAMNODE_RETURN_IF_ERROR(CountInStudy(transaction, job.subject, change));
  Event event;
  event.kind = EventKind::kJobBuried;
  event.job_id = job.id;
  event.instance_id = job.subject;
  event.created_ms = now_ms;
  return AppendEvent(transaction, event);
}

absl::Status RequeueLeasedJob(SqlTransaction& transaction, const Job& job, int64_t available_ms) {
  CAMNODE_RETURN_IF_ERROR(ExecuteFenced(
      transaction,
      "state = 'queued', available_ms = :available, started = 0, leased_by = '', "
      "failures = :failures, interruptions = :interruptions, alone = :alone, last_error = :error",
      job,
      {{"available", available_ms},
       {"failures", job.failures},
       {"interruptions", job.interruptions},
       {"alone", job.alone},
       {"error", job.last_error}}));
  transaction.RingAfterCommit(kJobsTopic);
  return absl::OkStatus();
}

}  // namespace camnode
