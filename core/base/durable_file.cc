#include "core/base/durable_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/write_all.h"

namespace camnode {
namespace {

// Large objects are written while the rest still comes.  Smaller steps: more calls.
// Larger: the disk idles longer, and more waits for the sync at the end.
constexpr int64_t kStartWritingBytes = int64_t{1} << 20;

absl::StatusCode CodeOfErrno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case EINVAL:
    case ENAMETOOLONG:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

std::string TextOfErrno(int error) {
  char buffer[128] = "";
  // The GNU variant returns the text, not necessarily in the buffer.
  return ::strerror_r(error, buffer, sizeof(buffer));
}

}  // namespace

int FileSystemCalls::Open(const char* path, int flags, mode_t mode) {
  return ::open(path, flags, mode);
}

ssize_t FileSystemCalls::Write(int descriptor, const void* bytes, size_t size) {
  return ::write(descriptor, bytes, size);
}

int FileSystemCalls::Fsync(int descriptor) { return ::fsync(descriptor); }

void FileSystemCalls::StartWriting(int descriptor, int64_t offset, int64_t size) {
  ::sync_file_range(descriptor, offset, size, SYNC_FILE_RANGE_WRITE);
}

int FileSystemCalls::RenameNoReplace(const char* from, const char* to) {
  if (::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  // NFS and some others know no RENAME_NOREPLACE; a link refuses to replace too.
  if (::link(from, to) != 0) return -1;
  ::unlink(from);
  return 0;
}

int FileSystemCalls::Rename(const char* from, const char* to) { return ::rename(from, to); }

int FileSystemCalls::Unlink(const char* path) { return ::unlink(path); }

FileSystemCalls& SystemFileCalls() {
  static FileSystemCalls* const calls = new FileSystemCalls;
  return *calls;
}

absl::Status StatusOfErrno(int error, absl::string_view what) {
  return absl::Status(CodeOfErrno(error), absl::StrCat(what, ": ", TextOfErrno(error)));
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status SyncDirectory(const std::string& path, FileSystemCalls& calls) {
  const int descriptor = calls.Open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (descriptor < 0) return StatusOfErrno(errno, absl::StrCat("cannot open ", path));
  const int synced = calls.Fsync(descriptor);
  const int error = errno;
  ::close(descriptor);
  if (synced != 0) return StatusOfErrno(error, absl::StrCat("cannot sync ", path));
  return absl::OkStatus();
}

absl::Status CreateDirectoryDurably(const std::string& given, FileSystemCalls& calls) {
  std::string path = given;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (::mkdir(path.c_str(), 0700) != 0) {
    if (errno == ENOENT && path != "/" && path != ".") {
      CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(DirectoryOf(path), calls));
      if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return StatusOfErrno(errno, absl::StrCat("cannot create ", path));
      }
    } else if (errno != EEXIST) {
      return StatusOfErrno(errno, absl::StrCat("cannot create ", path));
    }
  }
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0) return StatusOfErrno(errno, path);
  if (!S_ISDIR(entry.st_mode)) return StatusOfErrno(ENOTDIR, path);
  return SyncDirectory(DirectoryOf(path), calls);
}

absl::StatusOr<DurableFile> DurableFile::Create(std::string part_path, FileSystemCalls& calls,
                                                mode_t mode) {
  const int descriptor =
      calls.Open(part_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (descriptor < 0) return StatusOfErrno(errno, absl::StrCat("cannot create ", part_path));
  return DurableFile(calls, std::move(part_path), descriptor);
}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : calls_(other.calls_),
      path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      published_(std::exchange(other.published_, true)),
      size_bytes_(other.size_bytes_),
      started_bytes_(other.started_bytes_) {}

DurableFile& DurableFile::operator=(DurableFile&& other) noexcept {
  if (this == &other) return *this;
  Discard();
  calls_ = other.calls_;
  path_ = std::move(other.path_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  published_ = std::exchange(other.published_, true);
  size_bytes_ = other.size_bytes_;
  started_bytes_ = other.started_bytes_;
  return *this;
}

DurableFile::~DurableFile() { Discard(); }

void DurableFile::Discard() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  if (!published_) calls_->Unlink(path_.c_str());
  published_ = true;
}

// Only root may give a file away, others at most to a group of theirs, and some file systems
// know no rights at all: what is refused is as after any copy.
void DurableFile::TakeAccessOf(const std::string& path) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0) return;
  int refused = ::fchown(descriptor_, entry.st_uid, entry.st_gid);
  if (refused != 0) refused = ::fchown(descriptor_, static_cast<uid_t>(-1), entry.st_gid);
  // What the old group might, another must not.
  const mode_t kept = refused == 0 ? 0777 : 0707;
  refused = ::fchmod(descriptor_, entry.st_mode & kept);  // Last: fchown takes rights away.
  static_cast<void>(refused);
}

absl::Status DurableFile::Append(absl::string_view bytes) {
  CAMNODE_RETURN_IF_ERROR(WriteAll(descriptor_, bytes, path_, *calls_));
  size_bytes_ += static_cast<int64_t>(bytes.size());
  if (size_bytes_ - started_bytes_ >= kStartWritingBytes) {
    calls_->StartWriting(descriptor_, started_bytes_, size_bytes_ - started_bytes_);
    started_bytes_ = size_bytes_;
  }
  return absl::OkStatus();
}

// After a failed fsync the kernel may have dropped the pages: trying again on the
// same descriptor could report success for bytes that are gone.
absl::Status DurableFile::Sync() {
  if (calls_->Fsync(descriptor_) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot sync ", path_));
  }
  // Network file systems report late write errors here.
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) {
    return StatusOfErrno(errno, absl::StrCat("cannot close ", path_));
  }
  return absl::OkStatus();
}

absl::Status DurableFile::RenameTo(const std::string& path) {
  if (calls_->RenameNoReplace(path_.c_str(), path.c_str()) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot rename ", path_, " to ", path));
  }
  path_ = path;
  published_ = true;
  return absl::OkStatus();
}

absl::Status DurableFile::Replace(const std::string& path) {
  if (calls_->Rename(path_.c_str(), path.c_str()) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot replace ", path));
  }
  path_ = path;
  published_ = true;
  return absl::OkStatus();
}

absl::Status DurableFile::SyncDirectoryOfName() {
  return SyncDirectory(DirectoryOf(path_), *calls_);
}

absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes,
                              FileSystemCalls& calls) {
  CAMNODE_ASSIGN_OR_RETURN(DurableFile file,
                           DurableFile::Create(absl::StrCat(path, ".part"), calls));
  CAMNODE_RETURN_IF_ERROR(file.Append(bytes));
  CAMNODE_RETURN_IF_ERROR(file.Sync());
  CAMNODE_RETURN_IF_ERROR(file.RenameTo(path));
  return file.SyncDirectoryOfName();
}

}  // namespace camnode
