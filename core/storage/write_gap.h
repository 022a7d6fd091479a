// Time in which nobody could write to the database (a full disk, a server that was down) does
// not count against a lease: its holder could neither extend it nor say how its film ended.
//
// Somebody always writes: a node probes its storage every two seconds, a worker beats as often.
// Each such write notes when it was; one that finds the last note far back has found a gap.

#ifndef CAMNODE_CORE_STORAGE_WRITE_GAP_H_
#define CAMNODE_CORE_STORAGE_WRITE_GAP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// A longer time without a note is a gap.
inline constexpr int64_t kLongestPauseMs = 10'000;

// Moves the end of every lease that ran into a gap that ends now, by the length of the gap.
// Called before anybody is charged for a lease that ran out.  Changes nothing if there is no
// gap, or if nobody ever noted a write.
absl::Status ForgiveWriteGap(SqlTransaction& transaction, int64_t now_ms);

// ForgiveWriteGap, and the note that the database could be written now.
absl::Status NoteWrite(SqlTransaction& transaction, int64_t now_ms);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_WRITE_GAP_H_
