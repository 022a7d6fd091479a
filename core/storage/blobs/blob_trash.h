// Blobs that no row named when the sweep asked: set aside by day, not yet deleted.
//
// A database can be wrong about what is needed: restored, empty, another's.  So a blob
// leaves its place by a rename, and for as many days as the operator says it can come
// back: by itself once somebody names it, or by `camnodectl adopt`.

#ifndef CAMNODE_CORE_STORAGE_BLOBS_BLOB_TRASH_H_
#define CAMNODE_CORE_STORAGE_BLOBS_BLOB_TRASH_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/durable_file.h"

namespace camnode {

struct TrashedBlob {
  std::string id;
  std::string date;  // "2026-11-29": the day it was set aside (UTC).
};

// The trash of one blob directory.  Thread-safe, and so are several programs on one.
// Errors of all calls: StatusOfErrno's, naming the path.
class BlobTrash {
 public:
  // `calls` outlives it.
  BlobTrash(std::string directory, FileSystemCalls& calls)
      : directory_(std::move(directory)), calls_(calls) {}

  // From its place into the folder of the day.  False if it was not in its place.
  absl::StatusOr<bool> SetAside(absl::string_view id, absl::Time now);

  // Back into its place, durably.  Also OK if it is there already.
  // Errors: kNotFound if it is in no folder of the trash.
  absl::Status Restore(absl::string_view id);

  // All there is, oldest day first.
  absl::StatusOr<std::vector<TrashedBlob>> List() const;

  std::string PathOf(const TrashedBlob& blob) const;

  // For good.  OK if it was gone.
  absl::Status Delete(const TrashedBlob& blob);
  // The folder of a day, if it is empty.
  void RemoveEmptyDay(const std::string& date);

 private:
  const std::string directory_;
  FileSystemCalls& calls_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOBS_BLOB_TRASH_H_
