// Whether bytes and rows can be made durable now, found out by doing it.
//
// Reading proves nothing: a full, read-only or locked disk goes on answering queries.

#ifndef CAMNODE_CORE_STORAGE_STORAGE_PROBE_H_
#define CAMNODE_CORE_STORAGE_STORAGE_PROBE_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/stopwatch.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct StorageProbeOptions {
  // How long good news holds.  Shorter: trouble is noticed sooner; each probe costs
  // two syncs.  After bad news every call probes.
  absl::Duration interval = absl::Seconds(2);
};

// Used by one thread.
class StorageProbe {
 public:
  // Borrows all.
  StorageProbe(const StorageProbeOptions& options, SqlDatabase& database, BlobStore& blobs,
               const Clock& clock)
      : options_(options),
        database_(database),
        blobs_(blobs),
        clock_(clock),
        good_until_(absl::ZeroDuration(), clock) {}

  // Writes, syncs and removes a file beside the blobs, then commits a row (write_gap.h).
  // Errors: those of BlobWriter and SqlDatabase.
  absl::Status Check();

 private:
  const StorageProbeOptions options_;
  SqlDatabase& database_;
  BlobStore& blobs_;
  const Clock& clock_;
  Deadline good_until_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_STORAGE_PROBE_H_
