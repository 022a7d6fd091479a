// Where bytes lie: films as received, and the objects made from them.
//
// A directory on a local or shared volume (blob_layout.h says which file lies where).
// A blob is durable before it has its name, and its name is never another's.  No
// part of a path comes from a peer.

#ifndef CAMNODE_CORE_STORAGE_BLOBS_BLOB_STORE_H_
#define CAMNODE_CORE_STORAGE_BLOBS_BLOB_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_trash.h"

namespace camnode {

class BlobStore;
class FileSystemCalls;

// Whether a writer digests what it is given; a caller that digests other bytes of its
// own need not pay twice.
enum class BlobDigest { kOfAllBytes, kNone };

struct BlobInfo {
  std::string id;      // 32 lower-case hexadecimal digits.
  std::string sha256;  // Of all bytes; empty with BlobDigest::kNone.
  int64_t size_bytes = 0;
};

// A finished blob that no row names yet.  Move-only, used by one thread.  Destroyed before
// Keep, it removes its file: nobody shall find bytes that were refused.  What it cannot
// remove, and what a killed program leaves, the sweep does.
//
//   CAMNODE_ASSIGN_OR_RETURN(StagedBlob blob, std::move(writer).Finish());
//   CAMNODE_RETURN_IF_ERROR(CheckHeader(blob.path()));  // Refused: the blob is gone.
//   ... a row that names blob.info().id ...
//   std::move(blob).Keep();
//
// Whoever does not know whether the row was committed must Keep: the sweep asks the
// database.  While an exception unwinds nobody knows, so the blob stays then, too.
class StagedBlob {
 public:
  StagedBlob(StagedBlob&& other) noexcept;
  StagedBlob& operator=(StagedBlob&& other) noexcept;
  ~StagedBlob();

  const BlobInfo& info() const { return info_; }
  const std::string& path() const { return path_; }  // As BlobStore::PathOf.

  // A row names the blob, or may: it stays.
  BlobInfo Keep() &&;

 private:
  friend class BlobWriter;
  StagedBlob(BlobInfo info, std::string path);
  void Discard();

  BlobInfo info_;
  std::string path_;  // Empty: nothing to remove.
};

// A blob being written.  Move-only, used by one thread.  Destroyed before
// Finish, its file is removed; after a crash the next start removes it.
class BlobWriter {
 public:
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) noexcept;
  ~BlobWriter();

  // Errors: kResourceExhausted (disk full or quota), kUnavailable (I/O error).
  absl::Status Append(absl::string_view bytes);

  int64_t size_bytes() const;

  // fsync, rename to a new name, fsync of the directory: on return the blob
  // survives a power cut.  Errors as Append; there is no blob then.
  absl::StatusOr<StagedBlob> Finish() &&;

 private:
  friend class BlobStore;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Thread-safe.
//
// A store that was opened by its id looks for the directory's name tag (store_id_file.h)
// before it writes, and before it says that a blob is not there: a volume that is not mounted
// is kUnavailable, never a film's fault.
class BlobStore {
 public:
  // Creates the directory if need be (durably) and checks that it can be
  // written.  Removes nothing: several programs share one store.
  // Errors: kFailedPrecondition with path and reason.
  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(const std::string& directory,
                                                         BlobParts parts = BlobParts::kOfNode);
  // The same with `calls` between the store and the disk, so that a test can make
  // the disk fail.  `calls` outlives the store and its writers.
  static absl::StatusOr<std::unique_ptr<BlobStore>> Open(const std::string& directory,
                                                         FileSystemCalls& calls,
                                                         BlobParts parts = BlobParts::kOfNode);
  // The directory of the store `store_id`, which is there already.
  // Errors: those of CheckIdentity, and then nothing was changed; kFailedPrecondition.
  static absl::StatusOr<std::unique_ptr<BlobStore>> OpenOf(const std::string& store_id,
                                                           const std::string& directory,
                                                           BlobParts parts = BlobParts::kOfNode);
  ~BlobStore();

  // OK if the directory is this store's now; always, if it was opened without an id.
  // Reads one small file.  Errors: CheckStoreIdFile's, in words for an operator.
  absl::Status CheckIdentity() const;

  // Errors: CheckIdentity's; kResourceExhausted, kUnavailable.
  absl::StatusOr<BlobWriter> Create(BlobDigest digest = BlobDigest::kOfAllBytes);
  // Create, Append, Finish, Keep.
  absl::StatusOr<BlobInfo> Put(absl::string_view bytes);

  // The file of a finished blob, for readers that want a path.  One that the sweep has set
  // aside is put back first.
  // Errors: kInvalidArgument if `id` is not an id; kUnavailable if the directory is not the
  // store's now or cannot be read; kNotFound if it is, and the blob is not in it.
  absl::StatusOr<std::string> PathOf(absl::string_view id) const;

  // Whether a row may name the blob: asked within the transaction that will.
  // Errors: as PathOf, but kUnavailable in place of kNotFound: whoever made it makes it again.
  absl::Status CheckThere(absl::string_view id) const;

  // Errors: as PathOf; kResourceExhausted if larger than `max_bytes`.
  absl::StatusOr<std::string> ReadAll(absl::string_view id, int64_t max_bytes) const;

  // OK if it was not there.
  absl::Status Remove(absl::string_view id);

  // Removes part files last written before `older_than`, which no writer reaches any more:
  // what dead programs left.  Returns how many there were.
  // Errors: CheckIdentity's, StatusOfErrno's.
  absl::StatusOr<int> RemoveDeadParts(absl::Time older_than);

  // CheckIdentity; then writes and syncs a file beside the blobs and removes it.  Errors:
  // as BlobWriter::Append: the volume is away, full, read-only or broken.
  absl::Status CheckWritable();

  // Free bytes on the volume, as for an ordinary user.
  absl::StatusOr<int64_t> FreeBytes() const;

  const std::string& directory() const;
  // For the sweep and for `camnodectl adopt`.
  BlobTrash& trash();

 private:
  struct State;
  explicit BlobStore(std::unique_ptr<State> state);
  static absl::StatusOr<std::unique_ptr<BlobStore>> Prepared(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOBS_BLOB_STORE_H_
