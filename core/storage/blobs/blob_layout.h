// Which file of a blob directory lies where:
//
//   store.id                                    whose directory it is (store_id_file.h)
//   ab/abcdef0123456789abcdef0123456789         a finished blob, by its random id
//   part/ID.part                                being written by the node, or left by one that died
//   part/worker/ID.part                         the same of a worker, which may write nowhere else
//   trash/2026-11-29/ID                         set aside by a sweep of that day (UTC)
//
// No part of a path comes from a peer.  All functions are thread-safe.

#ifndef CAMNODE_CORE_STORAGE_BLOBS_BLOB_LAYOUT_H_
#define CAMNODE_CORE_STORAGE_BLOBS_BLOB_LAYOUT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace camnode {

// Whose part files.  A worker has a folder of its own for them, so that it can be forbidden to
// write to any other file here.
enum class BlobParts { kOfNode, kOfWorker };

// The blob directory of a data directory.
std::string BlobDirectory(absl::string_view data_directory);

// A new random id.  Errors: RandomHexDigits'.
absl::StatusOr<std::string> NewBlobId();
// 32 lower-case hexadecimal digits: whatever is not must not become a path.
bool IsBlobId(absl::string_view text);

// "00" to "ff".
std::vector<std::string> FanOutNames();

// REQUIRES: IsBlobId(id).
std::string BlobPath(absl::string_view directory, absl::string_view id);
std::string PartFolder(absl::string_view directory, BlobParts parts);
std::string PartPath(absl::string_view directory, BlobParts parts, absl::string_view id);
bool IsPartName(absl::string_view name);
std::string TrashFolder(absl::string_view directory);
// The folder in the trash for what is set aside at `now`: "2026-11-29".
std::string TrashDate(absl::Time now);
bool IsTrashDate(absl::string_view name);

// The names in a folder, without "." and "..".  Errors: StatusOfErrno's.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path);

// True for a regular file last written before `limit`; false if it is gone.
bool IsOlderThan(const std::string& path, absl::Time limit);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOBS_BLOB_LAYOUT_H_
