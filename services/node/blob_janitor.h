// Removes the files that no row names: what a crash or a lost lease left behind.

#ifndef CAMNODE_SERVICES_NODE_BLOB_JANITOR_H_
#define CAMNODE_SERVICES_NODE_BLOB_JANITOR_H_

#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"

namespace camnode {

struct BlobJanitorOptions {
  absl::Duration interval = absl::Hours(6);
  // Younger files may belong to a reception, an upload or a worker at work, which
  // have ten minutes at most between their first byte and their row.
  absl::Duration min_age = absl::Hours(1);
};

class BlobJanitor {
 public:
  // Borrows all.
  BlobJanitor(const BlobJanitorOptions& options, BlobStore& blobs, InstanceStore& instances,
              Quarantine& quarantine, ResultStore& results);
  // As Stop.
  ~BlobJanitor();

  // Sweeps now and every interval, on a thread of its own.
  void Start();
  void Stop();

  // One sweep; logs what it removed.
  void SweepOnce();

 private:
  void Run();

  const BlobJanitorOptions options_;
  BlobStore& blobs_;
  InstanceStore& instances_;
  Quarantine& quarantine_;
  ResultStore& results_;
  Mutex mutex_;
  CondVar changed_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_BLOB_JANITOR_H_
