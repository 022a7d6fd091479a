// Analyses, their models' results and their outputs as rows.  Each function works
// within the caller's transaction.

#ifndef CAMNODE_CORE_STORAGE_RESULT_ROWS_H_
#define CAMNODE_CORE_STORAGE_RESULT_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/analysis.h"
#include "core/domain/derived_instance.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// The analysis and one row per model; the new id.
absl::StatusOr<int64_t> InsertAnalysis(SqlTransaction& transaction, int64_t job_id,
                                       const Analysis& analysis);

// Output number `number` of an analysis; the id of its derived_instance row.
//
// If an earlier commit made an object with this UID, its row and its bytes win:
// the analysis refers to it, and the blob named here stays unnamed (the sweep
// removes it).  A committed object is never replaced.
absl::StatusOr<int64_t> InsertOutput(SqlTransaction& transaction, int64_t analysis_id, int number,
                                     const DerivedInstance& derived);

// Analyses with all that belongs to them.  `rest`: WHERE, ORDER BY and LIMIT over
// the tables analysis and instance.
absl::StatusOr<std::vector<StoredAnalysis>> ReadAnalyses(SqlTransaction& transaction,
                                                         absl::string_view rest,
                                                         const SqlParameters& parameters);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_RESULT_ROWS_H_
