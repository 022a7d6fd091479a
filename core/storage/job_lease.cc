// What the holder of a lease may do.  Every statement is fenced by the attempt.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/storage/due.h"
#include "core/storage/job_queue.h"
#include "core/storage/job_rows.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

absl::Status JobLease::Start() {
  int64_t started_ms = 0;
  const auto start = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, queue_->clock_));
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query(
            absl::StrCat(
                "UPDATE job SET started = 1, analysis_started_ms = CASE "
                "WHEN analysis_started_ms = 0 THEN :now ELSE analysis_started_ms END WHERE ",
                kFence, " RETURNING analysis_started_ms"),
            {{"now", now_ms}, {"id", job_.id}, {"attempt", job_.attempt}}));
    if (rows.empty()) return LostLease(job_.id, job_.attempt);
    started_ms = rows[0].Int(0);
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(queue_->database_.Write(start));
  job_.analysis_started_ms = started_ms;
  CrashPoint("after_job_start");
  return absl::OkStatus();
}

absl::Status JobLease::Extend() {
  return queue_->database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, queue_->clock_));
    const int64_t ends_ms = now_ms + absl::ToInt64Milliseconds(queue_->options_.lease_duration);
    CAMNODE_ASSIGN_OR_RETURN(
        const int64_t changed,
        transaction.Execute(absl::StrCat("UPDATE job SET available_ms = :ends WHERE ", kFence),
                            {{"ends", ends_ms}, {"id", job_.id}, {"attempt", job_.attempt}}));
    return changed == 1 ? absl::OkStatus() : LostLease(job_.id, job_.attempt);
  });
}

absl::Status JobLease::Retry(const absl::Status& why, absl::Duration delay, Charge charge) && {
  const auto retry = [&](SqlTransaction& transaction) -> absl::Status {
    Job job = job_;
    job.last_error = ErrorText(why);
    if (charge == Charge::kOneFailure) ++job.failures;
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, queue_->clock_));
    if (charge == Charge::kOneFailure && job.failures >= queue_->options_.max_failures) {
      return BuryJob(
          transaction, job,
          absl::StrCat("given up after ", job.failures, " failures; the last: ", job.last_error),
          now_ms);
    }
    const LongestWaits waits = {queue_->options_.longest_backoff, queue_->options_.lease_duration};
    return RequeueLeasedJob(transaction, job, DueAfter(now_ms, delay, waits));
  };
  return queue_->database_.Write(retry);
}

absl::Status JobLease::Bury(const absl::Status& why) && {
  return queue_->database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, queue_->clock_));
    return BuryJob(transaction, job_, ErrorText(why), now_ms);
  });
}

}  // namespace camnode
