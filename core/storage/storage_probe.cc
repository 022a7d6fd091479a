#include "core/storage/storage_probe.h"

#include "core/base/status_macros.h"

namespace camnode {

absl::Status StorageProbe::Check() {
  if (!good_until_.Expired()) return absl::OkStatus();
  const Deadline next(options_.interval, clock_);
  CAMNODE_RETURN_IF_ERROR(blobs_.CheckWritable());
  // A value that changes: SQLite writes no page for one that stays.
  CAMNODE_RETURN_IF_ERROR(database_.Write([&](SqlTransaction& transaction) {
    return transaction
        .Execute("UPDATE storage_probe SET probes = probes + 1, probed_ms = :now WHERE id = 1",
                 {{"now", ToUnixMs(clock_.Now())}})
        .status();
  }));
  good_until_ = next;
  return absl::OkStatus();
}

}  // namespace camnode
