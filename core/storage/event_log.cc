#include "core/storage/event_log.h"

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/doorbell.h"

namespace camnode {

absl::Status AppendEvent(SqlTransaction& transaction, Event event) {
  // The update locks the one row until the commit, so numbers become visible in
  // their order; a rollback takes the number back with it.
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> number,
      transaction.Query("UPDATE event_counter SET last_number = last_number + 1 WHERE id = 1 "
                        "RETURNING last_number",
                        {}));
  if (number.size() != 1) return absl::DataLossError("table event_counter has lost its row");
  CAMNODE_RETURN_IF_ERROR(transaction
                              .Execute(R"sql(
            INSERT INTO event (number, kind, analysis_id, job_id, instance_id, created_ms)
            VALUES (:number, :kind, :analysis, :job, :instance, :created))sql",
                                       {{"number", number[0].Int(0)},
                                        {"kind", EventKindName(event.kind)},
                                        {"analysis", event.analysis_id},
                                        {"job", event.job_id},
                                        {"instance", event.instance_id},
                                        {"created", event.created_ms}})
                              .status());
  transaction.RingAfterCommit(kEventsTopic);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Event>> EventLog::ReadAfter(int64_t after, int limit) {
  std::vector<Event> events;
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_,
               "SELECT number, kind, analysis_id, job_id, instance_id, created_ms "
               "FROM event WHERE number > :after ORDER BY number LIMIT :limit",
               {{"after", after}, {"limit", limit}}));
  for (const SqlRow& row : rows) {
    Event event;
    event.number = row.Int(0);
    event.kind = ParseEventKind(row.Text(1));
    event.analysis_id = row.Int(2);
    event.job_id = row.Int(3);
    event.instance_id = row.Int(4);
    event.created_ms = row.Int(5);
    events.push_back(event);
  }
  return events;
}

absl::StatusOr<int64_t> EventLog::LastNumber() {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           ReadRows(database_, "SELECT MAX(number) FROM event", {}));
  return rows.at(0).Int(0);
}

}  // namespace camnode
