// What happened, in order: what watchers resume from.

#ifndef CAMNODE_CORE_STORAGE_EVENT_LOG_H_
#define CAMNODE_CORE_STORAGE_EVENT_LOG_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

enum class EventKind { kAnalysisCommitted, kJobBuried };

struct Event {
  int64_t number = 0;  // 1, 2, 3, ...: in commit order, without late comers.
  EventKind kind = EventKind::kAnalysisCommitted;
  int64_t analysis_id = 0;  // 0 for kJobBuried.
  int64_t job_id = 0;
  int64_t instance_id = 0;
  int64_t created_ms = 0;
};

// Appends within the caller's transaction; the number is drawn under a lock held
// to the commit, so a reader that saw number n will never meet a smaller one later.
absl::Status AppendEvent(SqlTransaction& transaction, Event event);

// Thread-safe.
class EventLog {
 public:
  explicit EventLog(SqlDatabase& database) : database_(database) {}

  // Events with numbers above `after`, ascending.
  absl::StatusOr<std::vector<Event>> ReadAfter(int64_t after, int limit);
  // 0 if there is none.
  absl::StatusOr<int64_t> LastNumber();

 private:
  SqlDatabase& database_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_EVENT_LOG_H_
