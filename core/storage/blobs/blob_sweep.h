// Clears a blob directory of what a crash or a lost lease left, and destroys nothing on
// the word of a database alone.
//
//   in its place, old, named by no row      set aside into the trash of the day
//   in the trash, named after all           back into its place
//   in the trash for trash_days, unnamed    deleted
//
// A run that would set aside more than a handful and more than one in a hundred believes
// that the database is wrong (restored, another's), says so, and does neither of the first
// and the last.

#ifndef CAMNODE_CORE_STORAGE_BLOBS_BLOB_SWEEP_H_
#define CAMNODE_CORE_STORAGE_BLOBS_BLOB_SWEEP_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/storage/blobs/blob_store.h"

namespace camnode {

// Those of `ids` that a row names.  An error ends the run: what cannot be asked stays.
using NamedAmong =
    absl::FunctionRef<absl::StatusOr<std::set<std::string>>(const std::vector<std::string>& ids)>;

struct SweepOptions {
  // Younger blobs may belong to a writer at work.
  absl::Duration min_age = absl::Hours(1);
  int trash_days = 30;
  int max_files = 20;  // Beyond it and beyond one in a hundred of all: none.
};

struct SweepReport {
  int64_t blobs = 0;      // In their places when the run began.
  int64_t unnamed = 0;    // Of them, old enough and named by no row.
  int64_t set_aside = 0;  // Of the unnamed.
  int64_t restored = 0;   // Named after all.
  int64_t deleted = 0;    // After their days in the trash.
  int64_t in_trash = 0;   // When the run had ended.
  bool refused = false;   // Too many were unnamed: nothing was set aside or deleted.
};

// One sweep at a time in one directory; all else may go on beside it.
//
// Of the trash one day is deleted in a run, the oldest, so that a clock that was set years
// ahead costs a day of it and not all.
// Errors: kUnavailable if the directory is not the store's (BlobStore::CheckIdentity);
// those of `named`; StatusOfErrno's.
absl::StatusOr<SweepReport> SweepBlobs(BlobStore& blobs, NamedAmong named,
                                       const SweepOptions& options, const Clock& clock);

// All blobs in their places last written before `older_than` that no row names, at most
// `max` of them.  *total: how many blobs were looked at, *unnamed: how many were found, in
// all.  Either may be nullptr.  Errors: as SweepBlobs.
absl::StatusOr<std::vector<std::string>> FindUnnamedBlobs(const BlobStore& blobs, NamedAmong named,
                                                          absl::Time older_than, size_t max,
                                                          int64_t* total, int64_t* unnamed);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOBS_BLOB_SWEEP_H_
