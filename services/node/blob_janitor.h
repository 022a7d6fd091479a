// Clears the blob directory, at intervals, of what a crash or a lost lease left there; see
// core/storage/blobs/blob_sweep.h for what that may cost.

#ifndef CAMNODE_SERVICES_NODE_BLOB_JANITOR_H_
#define CAMNODE_SERVICES_NODE_BLOB_JANITOR_H_

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/storage/blob_names.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/blobs/blob_sweep.h"
#include "core/storage/blobs/sweep_settings.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct BlobJanitorOptions {
  SweepSettings settings;
  absl::Duration interval = absl::Hours(6);
  // Younger files may belong to a reception, an upload or a worker at work, which
  // have ten minutes at most between their first byte and their row.
  absl::Duration min_age = absl::Hours(1);
};

// Thread-safe.
class BlobJanitor {
 public:
  // `store_id`: whose rows are to be believed; empty: any.  Borrows the rest.
  BlobJanitor(const BlobJanitorOptions& options, std::string store_id, SqlDatabase& database,
              BlobStore& blobs, const Clock& clock);
  // As Stop.
  ~BlobJanitor();

  // On a thread of its own: removes dead part files now, sweeps after settings.delay, and
  // does both again at each interval.
  void Start();
  void Stop();

  // One removal of dead part files, and one sweep; each logs what it did.
  void RemoveDeadParts();
  void SweepOnce();

  // What the last sweep found; zeros before there was one.
  SweepReport report() const;
  // OK unless the last sweep refused: then why, and what to do.
  absl::Status Health() const;

 private:
  void Run();
  // False if stopped meanwhile.
  bool Pause(absl::Duration duration);
  absl::StatusOr<SweepReport> Sweep();

  const BlobJanitorOptions options_;
  const std::string store_id_;
  SqlDatabase& database_;
  BlobNames names_;
  BlobStore& blobs_;
  const Clock& clock_;
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  SweepReport report_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_BLOB_JANITOR_H_
