#include "core/storage/storage_probe.h"

#include <cstdint>

#include "core/base/status_macros.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/write_gap.h"

namespace camnode {

absl::Status StorageProbe::Check() {
  if (!good_until_.Expired()) return absl::OkStatus();
  const Deadline next(options_.interval, clock_);
  CAMNODE_RETURN_IF_ERROR(blobs_.CheckWritable());
  CAMNODE_RETURN_IF_ERROR(database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    return NoteWrite(transaction, now_ms);
  }));
  good_until_ = next;
  return absl::OkStatus();
}

}  // namespace camnode
