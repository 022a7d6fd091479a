#include "core/storage/blobs/blob_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/base/crash_point.h"
#include "core/base/durable_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/base/unique_descriptor.h"

namespace camnode {
namespace {

constexpr size_t kIdDigits = 32;
constexpr absl::string_view kPartSuffix = ".part";

bool IsId(absl::string_view text) {
  return text.size() == kIdDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

absl::StatusOr<std::string> NewId() {
  std::array<char, kIdDigits / 2> bytes;
  if (::getentropy(bytes.data(), bytes.size()) != 0) {
    return StatusOfErrno(errno, "cannot draw a random blob id");
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

std::vector<std::string> FanOutNames() {
  std::vector<std::string> names;
  for (int i = 0; i < 256; ++i) names.push_back(absl::StrCat(absl::Hex(i, absl::kZeroPad2)));
  return names;
}

absl::StatusOr<std::vector<std::string>> ListDirectory(const std::string& path) {
  DIR* listing = ::opendir(path.c_str());
  if (listing == nullptr) return StatusOfErrno(errno, absl::StrCat("cannot list ", path));
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) names.emplace_back(entry->d_name);
  ::closedir(listing);
  return names;
}

// True for a file last written before `limit`; false if it is gone meanwhile.
bool OlderThan(const std::string& path, absl::Time limit) {
  struct stat entry {};
  return ::lstat(path.c_str(), &entry) == 0 && S_ISREG(entry.st_mode) &&
         absl::TimeFromTimespec(entry.st_mtim) < limit;
}

// True if a file was there to be removed.
absl::StatusOr<bool> RemoveFile(const std::string& path) {
  if (::unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return StatusOfErrno(errno, absl::StrCat("cannot remove ", path));
}

}  // namespace

std::string BlobDirectory(const std::string& data_directory) {
  return absl::StrCat(data_directory, "/blobs");
}

std::string PartFolder(const std::string& blob_directory, BlobParts parts) {
  return absl::StrCat(blob_directory, parts == BlobParts::kOfWorker ? "/part/worker" : "/part");
}

struct BlobStore::State {
  std::string directory;
  std::string part_folder;
  FileSystemCalls* calls;

  std::string PathOf(absl::string_view id) const {
    return absl::StrCat(directory, "/", id.substr(0, 2), "/", id);
  }
  std::string PartPathOf(absl::string_view id) const {
    return absl::StrCat(part_folder, "/", id, kPartSuffix);
  }

  absl::Status CheckWritable() const {
    CAMNODE_ASSIGN_OR_RETURN(const std::string id, NewId());
    // Removed again when it goes out of scope.
    CAMNODE_ASSIGN_OR_RETURN(DurableFile probe, DurableFile::Create(PartPathOf(id), *calls));
    CAMNODE_RETURN_IF_ERROR(probe.Append("camnode"));
    return probe.Sync();
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
  CAMNODE_RETURN_IF_ERROR(state->file.RenameTo(state->final_path));
  CrashPoint("after_blob_rename");
  BlobInfo info;
  info.size_bytes = state->file.size_bytes();
  info.id = std::move(state->blob_id);
  if (state->sha256) info.sha256 = (*std::move(state->sha256)).Finish();
  StagedBlob blob(std::move(info), std::move(state->final_path));
  CAMNODE_RETURN_IF_ERROR(state->file.SyncDirectoryOfName());
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
  auto state = std::make_unique<State>();
  state->directory = directory;
  state->part_folder = PartFolder(directory, parts);
  state->calls = &calls;
  const auto prepare = [&]() -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(directory, calls));
    // All at once, so that one sync of `directory` serves for every blob to come.
    for (const std::string& name : FanOutNames()) {
      const std::string path = absl::StrCat(directory, "/", name);
      if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return StatusOfErrno(errno, absl::StrCat("cannot create ", path));
      }
    }
    CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(absl::StrCat(directory, "/part"), calls));
    // A worker's is in it; lost in a power cut, it is made again by the next.
    if (::mkdir(state->part_folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return StatusOfErrno(errno, absl::StrCat("cannot create ", state->part_folder));
    }
    return state->CheckWritable();
  };
  if (const absl::Status prepared = prepare(); !prepared.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("blob store ", directory, ": ", prepared.message()));
  }
  return std::unique_ptr<BlobStore>(new BlobStore(std::move(state)));
}

absl::StatusOr<BlobWriter> BlobStore::Create(BlobDigest digest) {
  CAMNODE_ASSIGN_OR_RETURN(std::string id, NewId());
  CAMNODE_ASSIGN_OR_RETURN(DurableFile file,
                           DurableFile::Create(state_->PartPathOf(id), *state_->calls));
  std::string path = state_->PathOf(id);
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
  if (!IsId(id)) return absl::InvalidArgumentError("not a blob id");
  std::string path = state_->PathOf(id);
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot find ", path));
  }
  return path;
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
  if (!IsId(id)) return absl::InvalidArgumentError("not a blob id");
  return RemoveFile(state_->PathOf(id)).status();
}

absl::StatusOr<int> BlobStore::Sweep(
    absl::FunctionRef<absl::StatusOr<bool>(absl::string_view id)> is_named,
    absl::Duration min_age) {
  const absl::Time limit = SystemClock().Now() - min_age;
  int removed = 0;
  for (const BlobParts parts : {BlobParts::kOfNode, BlobParts::kOfWorker}) {
    const std::string folder = PartFolder(state_->directory, parts);
    const auto names = ListDirectory(folder);
    if (absl::IsNotFound(names.status())) continue;  // No worker was here yet.
    CAMNODE_RETURN_IF_ERROR(names.status());
    for (const std::string& name : *names) {
      const std::string path = absl::StrCat(folder, "/", name);
      if (!absl::EndsWith(name, kPartSuffix) || !OlderThan(path, limit)) continue;
      CAMNODE_ASSIGN_OR_RETURN(const bool was_there, RemoveFile(path));
      removed += was_there ? 1 : 0;
    }
  }
  for (const std::string& fan_out : FanOutNames()) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                             ListDirectory(absl::StrCat(state_->directory, "/", fan_out)));
    for (const std::string& name : names) {
      // Anything else in the directory is not ours to remove.
      if (!IsId(name) || !OlderThan(state_->PathOf(name), limit)) continue;
      CAMNODE_ASSIGN_OR_RETURN(const bool named, is_named(name));
      if (named) continue;
      CAMNODE_ASSIGN_OR_RETURN(const bool was_there, RemoveFile(state_->PathOf(name)));
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

}  // namespace camnode
