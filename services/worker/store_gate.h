// Whether this worker's database and blobs are still one store, asked before each lease.
//
// A volume that is gone makes every film look lost, in a millisecond each: a worker without
// its blobs would be the quickest of all, and bury the whole queue.

#ifndef CAMNODE_SERVICES_WORKER_STORE_GATE_H_
#define CAMNODE_SERVICES_WORKER_STORE_GATE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/stopwatch.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// A store of which both sides were seen.
struct WorkerStore {
  std::string store_id;
  std::unique_ptr<BlobStore> blobs;
};

// The blobs in `blob_directory`, if they are those of the database; changes nothing if not.
// Errors: kUnavailable if the node has not yet named the store, or the directory is not the
// store's now: try again later.  Otherwise those of BlobStore and SqlDatabase.
absl::StatusOr<WorkerStore> OpenWorkerStore(SqlDatabase& database,
                                            const std::string& blob_directory);

// Used by one thread.
class StoreGate {
 public:
  // Told each time the answer changes, and before the first: OK, or why not.
  using OnChange = std::function<void(const absl::Status& now)>;

  // Borrows all but `on_change`.
  StoreGate(const WorkerStore& store, SqlDatabase& database, const Clock& clock,
            OnChange on_change);

  // Looks at the blobs each time (one small file) and at the database every few seconds.
  // Errors: kUnavailable, in words for an operator; those of SqlDatabase.
  absl::Status Check();

  // True once the store was away and is back where this process may not write: a confined
  // worker's rights are to the volume that was there when it began.  It must end and begin anew.
  bool rights_lost() const { return rights_lost_; }

 private:
  absl::Status Look();

  const WorkerStore& store_;
  SqlDatabase& database_;
  const Clock& clock_;
  const OnChange on_change_;
  Deadline database_holds_;
  bool told_ = false;
  bool good_ = false;
  bool rights_lost_ = false;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_WORKER_STORE_GATE_H_
