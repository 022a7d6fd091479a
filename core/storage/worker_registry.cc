#include "core/storage/worker_registry.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/write_gap.h"

namespace camnode {

WorkerRegistry::WorkerRegistry(SqlDatabase& database, const Clock& clock)
    : database_(database), clock_(clock) {}

absl::Status WorkerRegistry::Beat(const WorkerRecord& record) {
  return database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    CAMNODE_RETURN_IF_ERROR(NoteWrite(transaction, now_ms));
    return transaction
        .Execute(R"sql(
          INSERT INTO worker (name, pid, device, model_set, config_digest, version, ready,
            started_ms, longest_step_ms, heartbeat_ms)
          VALUES (:name, :pid, :device, :model_set, :config_digest, :version, :ready, :started,
            :step, :now)
          ON CONFLICT (name) DO UPDATE SET pid = excluded.pid, device = excluded.device,
            model_set = excluded.model_set, config_digest = excluded.config_digest,
            version = excluded.version, ready = excluded.ready,
            started_ms = excluded.started_ms, longest_step_ms = excluded.longest_step_ms,
            heartbeat_ms = excluded.heartbeat_ms)sql",
                 {{"name", record.name},
                  {"pid", record.pid},
                  {"device", record.device},
                  {"model_set", record.model_set},
                  {"config_digest", record.config_digest},
                  {"version", record.version},
                  {"ready", record.ready},
                  {"started", record.started_ms},
                  {"step", record.longest_step_ms},
                  {"now", now_ms}})
        .status();
  });
}

absl::Status WorkerRegistry::Remove(const std::string& name) {
  return database_.Write([&](SqlTransaction& transaction) {
    return transaction.Execute("DELETE FROM worker WHERE name = :name", {{"name", name}}).status();
  });
}

absl::StatusOr<int64_t> WorkerRegistry::RemoveSilent(absl::Duration silence) {
  int64_t removed = 0;
  const auto remove = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    CAMNODE_ASSIGN_OR_RETURN(
        removed, transaction.Execute("DELETE FROM worker WHERE heartbeat_ms < :oldest",
                                     {{"oldest", now_ms - absl::ToInt64Milliseconds(silence)}}));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(remove));
  return removed;
}

absl::StatusOr<std::vector<WorkerRecord>> WorkerRegistry::List() {
  std::vector<WorkerRecord> workers;
  std::vector<SqlRow> rows;
  int64_t now_ms = 0;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(now_ms, NowMs(transaction, clock_));
    CAMNODE_ASSIGN_OR_RETURN(
        rows, transaction.Query("SELECT name, pid, device, model_set, config_digest, version, "
                                "ready, started_ms, heartbeat_ms, longest_step_ms FROM worker "
                                "ORDER BY name",
                                {}));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  for (const SqlRow& row : rows) {
    WorkerRecord worker;
    worker.name = row.Text(0);
    worker.pid = row.Int(1);
    worker.device = row.Text(2);
    worker.model_set = row.Text(3);
    worker.config_digest = row.Text(4);
    worker.version = row.Text(5);
    worker.ready = row.Int(6) != 0;
    worker.started_ms = row.Int(7);
    worker.heartbeat_ms = row.Int(8);
    worker.longest_step_ms = row.Int(9);
    worker.silence_ms = std::max<int64_t>(now_ms - worker.heartbeat_ms, 0);
    workers.push_back(std::move(worker));
  }
  return workers;
}

}  // namespace camnode
