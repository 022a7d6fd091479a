#include "core/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/base/unique_descriptor.h"
#include "core/base/write_all.h"

namespace camnode {
namespace {

// Of the names of part files: PATH.XXXXXXXX.part
constexpr size_t kPartDigits = 8;
constexpr absl::string_view kPartEnd = ".part";

constexpr int64_t kStepBytes = int64_t{1} << 16;

mode_t ModeOf(FileAccess access) { return access == FileAccess::kOwnerOnly ? 0600 : 0666; }

struct OpenFile {
  UniqueDescriptor descriptor;
  int64_t size_bytes = 0;  // As the system says: 0 for pipes, devices and /proc.
  bool is_pipe = false;
};

absl::StatusOr<OpenFile> OpenToRead(const std::string& path) {
  // Does not wait for somebody to write into a named pipe.
  UniqueDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat entry {};
  if (!descriptor.valid() || ::fstat(descriptor.get(), &entry) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return absl::NotFoundError(absl::StrCat("no file ", path));
    return StatusOfErrno(errno, absl::StrCat("cannot open ", path));
  }
  if (S_ISDIR(entry.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is a folder; expected a file"));
  }
  // But does wait for those who do write.
  const int flags = ::fcntl(descriptor.get(), F_GETFL);
  if (flags < 0 || ::fcntl(descriptor.get(), F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot open ", path));
  }
  return OpenFile{std::move(descriptor), S_ISREG(entry.st_mode) ? int64_t{entry.st_size} : 0,
                  S_ISFIFO(entry.st_mode)};
}

// Appends up to `max_bytes`, fewer only at the file's end.
absl::Status Append(const OpenFile& file, const std::string& path, int64_t max_bytes,
                    std::string& bytes) {
  const size_t end = bytes.size() + static_cast<size_t>(max_bytes);
  size_t done = bytes.size();
  bytes.resize(end);
  while (done < end) {
    const ssize_t size = ::read(file.descriptor.get(), bytes.data() + done, end - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return StatusOfErrno(errno, absl::StrCat("cannot read ", path));
    if (size == 0) break;
    done += static_cast<size_t>(size);
  }
  bytes.resize(done);
  return absl::OkStatus();
}

absl::Status TooLarge(const std::string& path, int64_t max_bytes, absl::StatusCode code) {
  return absl::Status(code, absl::StrCat(path, " is larger than ", max_bytes,
                                         " bytes, the most that is read of it"));
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes,
                                     absl::StatusCode too_large) {
  CAMNODE_ASSIGN_OR_RETURN(const OpenFile file, OpenToRead(path));
  if (file.size_bytes > max_bytes) return TooLarge(path, max_bytes, too_large);
  std::string bytes;
  CAMNODE_RETURN_IF_ERROR(Append(file, path, file.size_bytes, bytes));
  // The system may know no size, and a file may grow meanwhile: only the end ends it.
  while (true) {
    std::string more;
    CAMNODE_RETURN_IF_ERROR(Append(file, path, kStepBytes, more));
    if (more.empty() && bytes.empty() && file.is_pipe) {
      return absl::UnavailableError(absl::StrCat(path, " is a pipe that nobody writes to"));
    }
    if (more.empty()) return bytes;
    if (static_cast<int64_t>(bytes.size() + more.size()) > max_bytes) {
      return TooLarge(path, max_bytes, too_large);
    }
    bytes += more;
  }
}

absl::StatusOr<std::string> ReadFileStart(const std::string& path, int64_t bytes) {
  CAMNODE_ASSIGN_OR_RETURN(const OpenFile file, OpenToRead(path));
  std::string start;
  CAMNODE_RETURN_IF_ERROR(Append(file, path, bytes, start));
  return start;
}

absl::Status WriteFile(const std::string& path, absl::string_view bytes, FileAccess access,
                       FileSystemCalls& calls) {
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC;
  if (access == FileAccess::kOwnerOnly) {
    if (calls.Unlink(path.c_str()) != 0 && errno != ENOENT) {
      return StatusOfErrno(errno, absl::StrCat("cannot write ", path));
    }
    flags |= O_EXCL;
  } else {
    flags |= O_TRUNC;
  }
  const int descriptor = calls.Open(path.c_str(), flags, ModeOf(access));
  if (descriptor < 0) return StatusOfErrno(errno, absl::StrCat("cannot write ", path));
  const absl::Status written = WriteAll(descriptor, bytes, path, calls);
  // Network file systems report late write errors here.
  const bool closed = ::close(descriptor) == 0 || errno == EINTR;
  if (written.ok() && !closed) return StatusOfErrno(errno, absl::StrCat("cannot write ", path));
  return written;
}

absl::Status ReplaceFileDurably(const std::string& path, absl::string_view bytes, FileAccess access,
                                FileSystemCalls& calls) {
  absl::BitGen random;
  const std::string part = absl::StrCat(
      path, ".", absl::Hex(absl::Uniform<uint32_t>(random), absl::kZeroPad8), kPartEnd);
  // Of a file that is there the rights are not known yet: the owner's alone until then.
  const bool is_there = ::access(path.c_str(), F_OK) == 0;
  const FileAccess at_first = is_there ? FileAccess::kOwnerOnly : access;
  CAMNODE_ASSIGN_OR_RETURN(DurableFile file, DurableFile::Create(part, calls, ModeOf(at_first)));
  if (is_there && access == FileAccess::kByUmask) file.TakeAccessOf(path);
  CAMNODE_RETURN_IF_ERROR(file.Append(bytes));
  CAMNODE_RETURN_IF_ERROR(file.Sync());
  CAMNODE_RETURN_IF_ERROR(file.Replace(path));
  return file.SyncDirectoryOfName();
}

void RemoveLeftParts(const std::string& path) {
  namespace fs = std::filesystem;
  const std::string start = fs::path(path).filename().string() + ".";
  std::error_code error;
  for (fs::directory_iterator entry(fs::path(path).parent_path(), error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() != start.size() + kPartDigits + kPartEnd.size() ||
        !absl::StartsWith(name, start) || !absl::EndsWith(name, kPartEnd)) {
      continue;
    }
    std::error_code ignored;
    fs::remove(entry->path(), ignored);
  }
}

}  // namespace camnode
