#include "core/storage/storage_probe.h"

#include "core/base/status_macros.h"

namespace camnode {

absl::Status StorageProbe::Check() {
  const absl::Time now = clock_.Now();
  // A clock that was set back ends the good news, too.
  if (good_at_ <= now && now - good_at_ < options_.interval) return absl::OkStatus();
  good_at_ = absl::InfinitePast();
  CAMNODE_RETURN_IF_ERROR(blobs_.CheckWritable());
  // A value that changes: SQLite writes no page for one that stays.
  CAMNODE_RETURN_IF_ERROR(database_.Write([&](SqlTransaction& transaction) {
    return transaction
        .Execute("UPDATE storage_probe SET probes = probes + 1, probed_ms = :now WHERE id = 1",
                 {{"now", ToUnixMs(now)}})
        .status();
  }));
  good_at_ = now;
  return absl::OkStatus();
}

}  // namespace camnode
