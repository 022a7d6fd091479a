#include "core/storage/blobs/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/crash_point.h"
#include "core/base/durable_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/base/unique_descriptor.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_trash.h"
#include "core/storage/blobs/store_id_file.h"

namespace camnode {
namespace {

// True if a file was there to be removed.
absl::StatusOr<bool> RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return StatusOfErrno(errno, absl::StrCat("cannot remove ", path));
}

// A file or folder that is gone under a writer's hands is the volume's trouble: no caller
// shall take it for a blob that does not exist.
absl::Status NeverNotFound(const absl::Status& status) {
  return absl::IsNotFound(status) ? absl::UnavailableError(status.message()) : status;
}

}  // namespace

struct BlobStore::State {
  State(std::string path, std::string id, BlobParts blob_parts, FileSystemCalls& file_calls)
      : directory(std::move(path)),
        store_id(std::move(id)),
        parts(blob_parts),
        calls(&file_calls),
        trash(directory, file_calls) {}

  const std::string directory;
  const std::string store_id;  // Empty: whatever directory it is.
  const BlobParts parts;
  FileSystemCalls* const calls;
  BlobTrash trash;

  absl::Status CheckIdentity() const {
    return store_id.empty() ? absl::OkStatus() : CheckStoreIdFile(directory, store_id);
  }

  absl::StatusOr<DurableFile> CreatePart(absl::string_view id) const {
    CAMNODE_RETURN_IF_ERROR(CheckIdentity());
    absl::StatusOr<DurableFile> file = DurableFile::Create(PartPath(directory, parts, id), *calls);
    if (!file.ok()) return NeverNotFound(file.status());
    return file;
  }

  absl::Status CheckWritable() const {
    CAMNODE_ASSIGN_OR_RETURN(const std::string id, NewBlobId());
    // Removed again when it goes out of scope.
    CAMNODE_ASSIGN_OR_RETURN(DurableFile probe, CreatePart(id));
    CAMNODE_RETURN_IF_ERROR(probe.Append("camnode"));
    return probe.Sync();
  }

  // Makes what is missing in the directory, which is there.
  absl::Status Prepare() const {
    // All at once, so that one sync of `directory` serves for every blob to come.
    for (const std::string& name : FanOutNames()) {
      const std::string path = absl::StrCat(directory, "/", name);
      if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return StatusOfErrno(errno, absl::StrCat("cannot create ", path));
      }
    }
    CAMNODE_RETURN_IF_ERROR(
        CreateDirectoryDurably(PartFolder(directory, BlobParts::kOfNode), *calls));
    // A worker is confined to it before it could make it; lost in a power cut, it is made again
    // by the next start of the node.
    const std::string of_worker = PartFolder(directory, BlobParts::kOfWorker);
    if (::mkdir(of_worker.c_str(), 0700) != 0 && errno != EEXIST) {
      return StatusOfErrno(errno, absl::StrCat("cannot create ", of_worker));
    }
    return CheckWritable();
  }
};

StagedBlob::StagedBlob(BlobInfo info, std::string path)
    : info_(std::move(info)), path_(std::move(path)) {}

StagedBlob::StagedBlob(StagedBlob&& other) noexcept
    : info_(std::move(other.info_)), path_(std::exchange(other.path_, "")) {}

StagedBlob& StagedBlob::operator=(StagedBlob&& other) noexcept {
  if (this == &other) return *this;
  Discard();
  info_ = std::move(other.info_);
  path_ = std::exchange(other.path_, "");
  return *this;
}

StagedBlob::~StagedBlob() { Discard(); }

void StagedBlob::Discard() {
  if (path_.empty() || std::uncaught_exceptions() > 0) return;
  RemoveFile(path_).status().IgnoreError();  // Otherwise the sweep does it.
}

BlobInfo StagedBlob::Keep() && {
  path_.clear();
  return std::move(info_);
}

struct BlobWriter::State {
  State(DurableFile f, std::string id, std::string path)
      : file(std::move(f)), blob_id(std::move(id)), final_path(std::move(path)) {}

  DurableFile file;
  std::string blob_id;
  std::string final_path;
  absl::optional<Sha256> sha256;
};

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter& BlobWriter::operator=(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() = default;

absl::Status BlobWriter::Append(absl::string_view bytes) {
  CAMNODE_RETURN_IF_ERROR(state_->file.Append(bytes));
  if (state_->sha256) state_->sha256->Update(bytes);
  return absl::OkStatus();
}

int64_t BlobWriter::size_bytes() const { return state_->file.size_bytes(); }

absl::StatusOr<StagedBlob> BlobWriter::Finish() && {
  const std::unique_ptr<State> state = std::move(state_);
  CrashPoint("after_blob_write");
  CAMNODE_RETURN_IF_ERROR(state->file.Sync());
  CrashPoint("after_blob_fsync");
  CAMNODE_RETURN_IF_ERROR(NeverNotFound(state->file.RenameTo(state->final_path)));
  CrashPoint("after_blob_rename");
  BlobInfo info;
  info.size_bytes = state->file.size_bytes();
  info.id = std::move(state->blob_id);
  if (state->sha256) info.sha256 = (*std::move(state->sha256)).Finish();
  StagedBlob blob(std::move(info), std::move(state->final_path));
  CAMNODE_RETURN_IF_ERROR(NeverNotFound(state->file.SyncDirectoryOfName()));
  CrashPoint("after_blob_directory_fsync");
  return blob;
}

BlobStore::BlobStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobStore::~BlobStore() = default;

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Open(const std::string& directory,
                                                           BlobParts parts) {
  return Open(directory, SystemFileCalls(), parts);
}

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Open(const std::string& directory,
                                                           FileSystemCalls& calls,
                                                           BlobParts parts) {
  if (const absl::Status made = CreateDirectoryDurably(directory, calls); !made.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("blob store ", directory, ": ", made.message()));
  }
  return Prepared(std::make_unique<State>(directory, "", parts, calls));
}

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::OpenOf(const std::string& store_id,
                                                             const std::string& directory,
                                                             BlobParts parts) {
  auto state = std::make_unique<State>(directory, store_id, parts, SystemFileCalls());
  // First of all: nothing is made in the mount point of a volume that is not there.
  CAMNODE_RETURN_IF_ERROR(state->CheckIdentity());
  return Prepared(std::move(state));
}

absl::StatusOr<std::unique_ptr<BlobStore>> BlobStore::Prepared(std::unique_ptr<State> state) {
  if (const absl::Status prepared = state->Prepare(); !prepared.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("blob store ", state->directory, ": ", prepared.message()));
  }
  return std::unique_ptr<BlobStore>(new BlobStore(std::move(state)));
}

absl::Status BlobStore::CheckIdentity() const { return state_->CheckIdentity(); }

absl::StatusOr<BlobWriter> BlobStore::Create(BlobDigest digest) {
  CAMNODE_ASSIGN_OR_RETURN(std::string id, NewBlobId());
  CAMNODE_ASSIGN_OR_RETURN(DurableFile file, state_->CreatePart(id));
  std::string path = BlobPath(state_->directory, id);
  auto state = std::make_unique<BlobWriter::State>(std::move(file), std::move(id), std::move(path));
  if (digest == BlobDigest::kOfAllBytes) state->sha256.emplace();
  return BlobWriter(std::move(state));
}

absl::StatusOr<BlobInfo> BlobStore::Put(absl::string_view bytes) {
  CAMNODE_ASSIGN_OR_RETURN(BlobWriter writer, Create());
  CAMNODE_RETURN_IF_ERROR(writer.Append(bytes));
  CAMNODE_ASSIGN_OR_RETURN(StagedBlob blob, std::move(writer).Finish());
  return std::move(blob).Keep();
}

absl::StatusOr<std::string> BlobStore::PathOf(absl::string_view id) const {
  if (!IsBlobId(id)) return absl::InvalidArgumentError("not a blob id");
  std::string path = BlobPath(state_->directory, id);
  struct stat entry {};
  if (::stat(path.c_str(), &entry) == 0) return path;
  if (errno != ENOENT) return StatusOfErrno(errno, absl::StrCat("cannot find ", path));
  // The store's fault first: only of its own directory does it say something.
  CAMNODE_RETURN_IF_ERROR(CheckIdentity());
  CAMNODE_RETURN_IF_ERROR(state_->trash.Restore(id));
  return path;
}

absl::Status BlobStore::CheckThere(absl::string_view id) const {
  const absl::Status found = PathOf(id).status();
  if (!absl::IsNotFound(found)) return found;
  return absl::UnavailableError(
      absl::StrCat("the file of blob ", id,
                   " is gone, so no row may name it: it lay too long "
                   "without one, or its volume was changed; it must be written again"));
}

absl::StatusOr<std::string> BlobStore::ReadAll(absl::string_view id, int64_t max_bytes) const {
  CAMNODE_ASSIGN_OR_RETURN(const std::string path, PathOf(id));
  const UniqueDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat entry {};
  if (!file.valid() || ::fstat(file.get(), &entry) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot open ", path));
  }
  if (entry.st_size > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("blob ", id, " has ", entry.st_size, " bytes, more than ", max_bytes));
  }
  std::string bytes(static_cast<size_t>(entry.st_size), '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t size = ::read(file.get(), bytes.data() + done, bytes.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return StatusOfErrno(errno, absl::StrCat("cannot read ", path));
    if (size == 0) return absl::DataLossError(absl::StrCat(path, " ends too early"));
    done += static_cast<size_t>(size);
  }
  return bytes;
}

absl::Status BlobStore::Remove(absl::string_view id) {
  if (!IsBlobId(id)) return absl::InvalidArgumentError("not a blob id");
  return RemoveFile(BlobPath(state_->directory, id)).status();
}

absl::StatusOr<int> BlobStore::RemoveDeadParts(absl::Time older_than) {
  CAMNODE_RETURN_IF_ERROR(CheckIdentity());
  int removed = 0;
  for (const BlobParts parts : {BlobParts::kOfNode, BlobParts::kOfWorker}) {
    const std::string folder = PartFolder(state_->directory, parts);
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListFolder(folder));
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(folder, "/", name);
      if (!IsPartName(name) || !IsOlderThan(path, older_than)) continue;
      CAMNODE_ASSIGN_OR_RETURN(const bool was_there, RemoveFile(path));
      removed += was_there ? 1 : 0;
    }
  }
  return removed;
}

absl::Status BlobStore::CheckWritable() { return state_->CheckWritable(); }

absl::StatusOr<int64_t> BlobStore::FreeBytes() const {
  struct statvfs volume {};
  if (::statvfs(state_->directory.c_str(), &volume) != 0) {
    return StatusOfErrno(errno,
                         absl::StrCat("cannot ask for the free space of ", state_->directory));
  }
  return static_cast<int64_t>(volume.f_bavail) * static_cast<int64_t>(volume.f_frsize);
}

const std::string& BlobStore::directory() const { return state_->directory; }

BlobTrash& BlobStore::trash() { return state_->trash; }

}  // namespace camnode
