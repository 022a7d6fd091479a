// Files that survive a power cut, whole or not at all.
//
//   part file: create, write ..., fsync
//   rename to the final name; over another file only where that is asked for
//   fsync of the directory that holds the final name
//
// Only after the last step may anybody be told that the file is there.

#ifndef CAMNODE_CORE_BASE_DURABLE_FILE_H_
#define CAMNODE_CORE_BASE_DURABLE_FILE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// The calls through which durable files are made, so that tests can make a disk
// fail.  Each behaves, and sets errno, as the system call it is named after.
// Thread-safe.
class FileSystemCalls {
 public:
  virtual ~FileSystemCalls() = default;
  virtual int Open(const char* path, int flags, mode_t mode);
  virtual ssize_t Write(int descriptor, const void* bytes, size_t size);
  virtual int Fsync(int descriptor);
  // Lets the disk begin with these bytes (sync_file_range), so that Fsync waits less.
  // Promises nothing and cannot fail.
  virtual void StartWriting(int descriptor, int64_t offset, int64_t size);
  // Fails with EEXIST if `to` exists; also on file systems that cannot say so in
  // one call (a hard link there).
  virtual int RenameNoReplace(const char* from, const char* to);
  // In the place of `to`, in one step.
  virtual int Rename(const char* from, const char* to);
  virtual int Unlink(const char* path);
};

// The machine's own.  Lives for ever.
FileSystemCalls& SystemFileCalls();

// What a failed system call means to a caller: ENOSPC, EDQUOT, EFBIG, EMFILE,
// ENFILE and ENOMEM are kResourceExhausted, ENOENT kNotFound, EEXIST
// kAlreadyExists, EINVAL and ENAMETOOLONG kInvalidArgument, the rest (EIO, EROFS,
// EACCES, ...), which may get better, kUnavailable.  Message: "what: reason".
absl::Status StatusOfErrno(int error, absl::string_view what);

// The directory part of a path; "." if it has none.
std::string DirectoryOf(const std::string& path);

// fsync of a directory: the names in it are durable.
absl::Status SyncDirectory(const std::string& path, FileSystemCalls& calls = SystemFileCalls());

// Makes `path` and missing parents (mode 0700).  On return the names of `path`
// and of every directory made are durable, also if another program made them.
absl::Status CreateDirectoryDurably(const std::string& path,
                                    FileSystemCalls& calls = SystemFileCalls());

// A file being written under its part name.  Move-only, used by one thread.
// Destroyed before Publish has renamed it, the part file is removed.
//
// Errors of all calls: StatusOfErrno's.  After an error only destroy it.
class DurableFile {
 public:
  // Creates `part_path`, which must not exist, with `mode` less the umask.  `calls`
  // outlives the file.
  static absl::StatusOr<DurableFile> Create(std::string part_path,
                                            FileSystemCalls& calls = SystemFileCalls(),
                                            mode_t mode = 0600);

  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&& other) noexcept;
  ~DurableFile();

  // Gives it the access rights and the owner of the file at `path`, as far as the system
  // lets us; does nothing if none is there.  To be called before the first byte.
  void TakeAccessOf(const std::string& path);

  absl::Status Append(absl::string_view bytes);

  // The three steps of making it durable, in this order, each once.  Apart, so
  // that a caller can mark what lies between them.  The second is either RenameTo,
  // which refuses to take another file's name, or Replace, which takes it.
  absl::Status Sync();
  absl::Status RenameTo(const std::string& path);
  absl::Status Replace(const std::string& path);
  absl::Status SyncDirectoryOfName();

  int64_t size_bytes() const { return size_bytes_; }

 private:
  DurableFile(FileSystemCalls& calls, std::string part_path, int descriptor)
      : calls_(&calls), path_(std::move(part_path)), descriptor_(descriptor) {}
  void Discard();

  FileSystemCalls* calls_;
  std::string path_;  // The part name, then the final one.
  int descriptor_;    // -1 once closed.
  bool published_ = false;
  int64_t size_bytes_ = 0;
  int64_t started_bytes_ = 0;  // Of them, those the disk was told to begin with.
};

// All of it at once: a new file with these bytes, written as PATH.part.
// Errors: StatusOfErrno's; kAlreadyExists if `path` exists.
absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes,
                              FileSystemCalls& calls = SystemFileCalls());

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_DURABLE_FILE_H_
