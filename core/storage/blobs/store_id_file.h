// The name tag of a blob directory: the file store.id in it says of which store it is.
//
// The database has the same id in a row (core/storage/store_identity.h).  A volume that
// is not mounted leaves an empty folder in its place, and an empty folder has no tag.

#ifndef CAMNODE_CORE_STORAGE_BLOBS_STORE_ID_FILE_H_
#define CAMNODE_CORE_STORAGE_BLOBS_STORE_ID_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/base/durable_file.h"

namespace camnode {

// A new id: 32 lower-case hexadecimal digits.  Errors: RandomHexDigits'.
absl::StatusOr<std::string> NewStoreId();

// The id in `directory`; empty if there is no such file, or no directory.
// Errors: kUnavailable if it cannot be read, kFailedPrecondition if it is no file of ours;
// both name the file.
absl::StatusOr<absl::optional<std::string>> ReadStoreIdFile(const std::string& directory);

// Writes it durably, for the owner alone (0600), over one that is there.
// REQUIRES: the directory exists, and nobody else writes its tag.
// Errors: StatusOfErrno's.
absl::Status WriteStoreIdFile(const std::string& directory, absl::string_view store_id,
                              FileSystemCalls& calls = SystemFileCalls());

// OK if `directory` is that of store `store_id`.
// Errors: kUnavailable in words for an operator if it is another's or nobody's, which a
// mount may end; those of ReadStoreIdFile.
absl::Status CheckStoreIdFile(const std::string& directory, absl::string_view store_id);

// True if there is at least one finished blob, in its place or in the trash.
// Errors: kUnavailable if the directory is there and cannot be read.
absl::StatusOr<bool> HoldsBlobs(const std::string& directory);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOBS_STORE_ID_FILE_H_
