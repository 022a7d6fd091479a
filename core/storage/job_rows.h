// Changes of job rows that more than one store makes, each within the caller's
// transaction.

#ifndef CAMNODE_CORE_STORAGE_JOB_ROWS_H_
#define CAMNODE_CORE_STORAGE_JOB_ROWS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/domain/job.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// What ends a SELECT whose rows are about to be changed: a row lock where there
// are such, nothing on SQLite, where a write transaction is alone.
absl::string_view ForUpdate(const SqlTransaction& transaction);
// The same, passing over rows that another transaction has locked.
absl::string_view ForUpdateSkipLocked(const SqlTransaction& transaction);

// kAborted, in the words of every fenced statement that changed no row.
absl::Status LostLease(int64_t job_id, int attempt);

// Every change of a leased job says whose attempt it is.
extern const absl::string_view kFence;  // "id = :id AND attempt = :attempt AND state = 'leased'"

// Buried to queued, with fresh budgets.  REQUIRES: job.state is kBuried and the
// row is locked.
absl::Status RequeueBuriedJob(SqlTransaction& transaction, const Job& job);

// Leased to buried, with an event.  `job`: with the counts to store.
// Errors: kAborted if the attempt is no longer job.attempt.
absl::Status BuryJob(SqlTransaction& transaction, const Job& job, const std::string& reason,
                     int64_t now_ms);

// Leased to queued, `available_ms` as due.h has it.  Stores job's counts, `alone` and
// last_error.  Errors: as BuryJob.
absl::Status RequeueLeasedJob(SqlTransaction& transaction, const Job& job, int64_t available_ms);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_JOB_ROWS_H_
