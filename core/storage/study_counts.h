// What a study holds, counted in its row by every commit that changes it.
//
// Counting when somebody asks would read all jobs and analyses of each study of a list;
// so the rows that change a count and the count change in one transaction.

#ifndef CAMNODE_CORE_STORAGE_STUDY_COUNTS_H_
#define CAMNODE_CORE_STORAGE_STUDY_COUNTS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// By how much each count of a study changes.
struct StudyChange {
  int instances = 0;
  int analyzed = 0;      // Analyses with scores.
  int not_eligible = 0;  // Analyses without.
  int pending = 0;       // Jobs queued or leased.
  int buried = 0;        // Jobs set aside.
};

// Within the caller's transaction.  On PostgreSQL it holds the row of the study to the
// commit, so call it as the last of what locks rows of the film and before AppendEvent:
// in one order nobody waits crosswise.
// Errors: SqlDatabase's.
absl::Status CountInStudy(SqlTransaction& transaction, int64_t instance_id,
                          const StudyChange& change);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_STUDY_COUNTS_H_
