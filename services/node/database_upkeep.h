// What the node does for its database beside its work, on a thread of its own: reads the
// whole of it once for damage, and removes the rows of workers that died with their hosts.

#ifndef CAMNODE_SERVICES_NODE_DATABASE_UPKEEP_H_
#define CAMNODE_SERVICES_NODE_DATABASE_UPKEEP_H_

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/worker_registry.h"

namespace camnode {

struct DatabaseUpkeepOptions {
  std::string database_uri;
  // False: it was read to its end already.
  bool check_database = true;
  // A worker silent for longer is no worker any more.
  absl::Duration worker_silence = absl::Hours(24);
  absl::Duration interval = absl::Hours(1);
  // After a check that could not be finished.
  absl::Duration check_retry = absl::Minutes(10);
};

class DatabaseUpkeep {
 public:
  // Borrows `workers`, which outlives Stop.
  DatabaseUpkeep(const DatabaseUpkeepOptions& options, WorkerRegistry& workers);
  // As Stop.
  ~DatabaseUpkeep();

  void Start();
  // Ends within milliseconds, also a check under way.
  void Stop();

  // kDataLoss once damage was found, for good; OK before, and where there is none.
  // Thread-safe.
  absl::Status Integrity() const;

 private:
  void Run();
  void RemoveSilentWorkers();
  // True if there is nothing more to check.
  bool CheckOnce();
  bool stopped() const;

  const DatabaseUpkeepOptions options_;
  WorkerRegistry& workers_;
  mutable Mutex mutex_;
  CondVar changed_;
  absl::Status integrity_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_DATABASE_UPKEEP_H_
