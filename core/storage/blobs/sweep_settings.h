// What the operator may set of the sweep: part of the section `storage` of the
// configuration.

#ifndef CAMNODE_CORE_STORAGE_BLOBS_SWEEP_SETTINGS_H_
#define CAMNODE_CORE_STORAGE_BLOBS_SWEEP_SETTINGS_H_

#include "absl/time/time.h"

namespace camnode {

struct SweepSettings {
  // How long a blob that no row named stays in the trash.  Shorter: less disk; a database
  // that was restored from an older copy finds less again.
  int trash_days = 30;
  // From the start of the node to its first sweep.  Shorter: less time to notice that the
  // wrong database was restored before the first blob is set aside.
  absl::Duration delay = absl::Hours(2);
  // A sweep that would set aside more blobs than this, and more than one in a hundred of
  // all, sets aside none and raises an alarm.  Larger: a wrong database costs more renames.
  int max_files = 20;
};

template <typename Reader>
void ReadOptions(Reader&& reader, SweepSettings* settings) {
  reader.Read("trash_days", 1, 36'500, &settings->trash_days);
  reader.Read("sweep_delay_ms", absl::Hours(24 * 30), &settings->delay);
  reader.Read("sweep_max_files", 0, 1 << 30, &settings->max_files);
}

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOBS_SWEEP_SETTINGS_H_
