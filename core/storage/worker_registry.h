// Which workers live, and with what.

#ifndef CAMNODE_CORE_STORAGE_WORKER_REGISTRY_H_
#define CAMNODE_CORE_STORAGE_WORKER_REGISTRY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct WorkerRecord {
  std::string name;  // "worker-0@host": the name its leases carry.
  int64_t pid = 0;
  std::string device;     // "cpu", "cuda:0"
  std::string model_set;  // Digest; empty until the models are loaded.
  std::string config_digest;
  std::string version;  // Of the program.
  bool ready = false;
  int64_t started_ms = 0;
  // How long the longest step under way of its work had taken at the last beat.
  int64_t longest_step_ms = 0;
  int64_t heartbeat_ms = 0;
  // Set by List: since the last beat, by the clock that the beat was written by.
  int64_t silence_ms = 0;
};

// Thread-safe.
class WorkerRegistry {
 public:
  WorkerRegistry(SqlDatabase& database, const Clock& clock);

  // Inserts or replaces by name; heartbeat_ms becomes now.
  absl::Status Beat(const WorkerRecord& record);
  absl::Status Remove(const std::string& name);
  // Removes the rows of workers that were silent for so long: nobody else does it for one
  // that died with its host.  Returns how many.
  absl::StatusOr<int64_t> RemoveSilent(absl::Duration silence);
  absl::StatusOr<std::vector<WorkerRecord>> List();

 private:
  SqlDatabase& database_;
  const Clock& clock_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_WORKER_REGISTRY_H_
