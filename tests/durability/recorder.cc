// Preloaded into the programs under test: writes down every change below one
// directory and every byte sent by TCP, and makes calls fail on request.
//
//   CAMNODE_RECORD_ROOT    absolute path; files below it are followed
//   CAMNODE_RECORD_LOG     where records are appended (record_log.h)
//   CAMNODE_RECORD_FAULTS  optional; rules of calls that fail, see recorder_faults.h
//
// Order.  One lock, shared by all processes, is held while an operation takes
// effect and its record is appended, so the log's order is the order in which the
// kernel saw them.  A sync has two records and no lock between: what others write
// meanwhile is not covered by it.  A send is logged before its bytes leave, so
// that everything it promises must be durable at any later point of the log.
//
// A sync is not carried out: what matters is what the log says of it.
//
// SQLite is opened as if it had been built with another default
// (SQLITE_DEFAULT_WAL_SYNCHRONOUS=1): the programs must ask for FULL themselves.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include "tests/durability/record_log.h"
#include "tests/durability/recorder_faults.h"

namespace camnode {
namespace {

struct Settings {
  std::string root;
  std::string faults;
  int log = -1;
  int lock = -1;
};

const Settings& settings() {
  static const Settings* const made = [] {
    auto* s = new Settings;
    const char* root = std::getenv("CAMNODE_RECORD_ROOT");
    const char* log = std::getenv("CAMNODE_RECORD_LOG");
    const char* faults = std::getenv("CAMNODE_RECORD_FAULTS");
    if (root == nullptr || log == nullptr) return s;
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    // Raw calls: ours would ask for the settings.  High numbers, out of the way of
    // programs that close or count descriptors.
    const long opened = ::syscall(SYS_openat, AT_FDCWD, log, flags, 0600);
    const long locked = ::syscall(SYS_openat, AT_FDCWD, log, O_RDONLY | O_CLOEXEC, 0);
    s->log = ::fcntl(static_cast<int>(opened), F_DUPFD_CLOEXEC, 900);
    s->lock = ::fcntl(static_cast<int>(locked), F_DUPFD_CLOEXEC, 900);
    ::syscall(SYS_close, opened);
    ::syscall(SYS_close, locked);
    s->root = root;
    s->faults = faults == nullptr ? "" : faults;
    return s;
  }();
  return *made;
}

bool recording() { return settings().log >= 0; }

class RecordLock {
 public:
  RecordLock() : guard_(mutex()) {
    while (::flock(settings().lock, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~RecordLock() {
    const int error = errno;
    ::flock(settings().lock, LOCK_UN);
    errno = error;
  }

 private:
  static std::mutex& mutex() {
    static auto* const made = new std::mutex;
    return *made;
  }
  std::lock_guard<std::mutex> guard_;
};

struct Record {
  explicit Record(RecordKind k) : kind(k) {}
  RecordKind kind;
  uint64_t inode = 0;
  uint64_t offset = 0;
  int error = 0;
  std::string path;
  std::string other_path;
};

// REQUIRES: a RecordLock is held.
void Append(const Record& record, const iovec* data = nullptr, int pieces = 0, size_t size = 0) {
  const int error = errno;
  RecordHeader header{};
  header.size_bytes =
      static_cast<uint32_t>(sizeof header + record.path.size() + record.other_path.size() + size);
  header.kind = static_cast<uint32_t>(record.kind);
  header.process = static_cast<uint32_t>(::getpid());
  header.error = record.error;
  header.inode = record.inode;
  header.offset = record.offset;
  header.path_bytes = static_cast<uint32_t>(record.path.size());
  header.other_path_bytes = static_cast<uint32_t>(record.other_path.size());
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += record.path + record.other_path;
  for (int i = 0; i < pieces && size > 0; ++i) {
    const size_t take = data[i].iov_len < size ? data[i].iov_len : size;
    bytes.append(static_cast<const char*>(data[i].iov_base), take);
    size -= take;
  }
  if (::syscall(SYS_write, settings().log, bytes.data(), bytes.size()) !=
      static_cast<long>(bytes.size())) {
    std::abort();  // A log with a hole proves nothing.
  }
  errno = error;
}

bool Followed(const std::string& path) {
  const std::string& root = settings().root;
  return recording() && path.compare(0, root.size(), root) == 0 &&
         (path.size() == root.size() || path[root.size()] == '/');
}

std::string PathOfDescriptor(int descriptor) {
  char link[64];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  char target[PATH_MAX];
  const ssize_t size = ::readlink(link, target, sizeof target);
  return size <= 0 ? std::string() : std::string(target, static_cast<size_t>(size));
}

std::string Absolute(int directory, const char* path) {
  if (path == nullptr) return "";
  if (path[0] == '/') return path;
  if (directory != AT_FDCWD) return PathOfDescriptor(directory) + "/" + path;
  char here[PATH_MAX];
  return ::getcwd(here, sizeof here) == nullptr ? path : std::string(here) + "/" + path;
}

uint64_t InodeOf(int descriptor) {
  struct stat entry {};
  return ::fstat(descriptor, &entry) == 0 ? entry.st_ino : 0;
}

uint64_t InodeAt(const std::string& path) {
  struct stat entry {};
  return ::lstat(path.c_str(), &entry) == 0 ? entry.st_ino : 0;
}

// The inode if the descriptor is a file or directory that is followed, otherwise 0.
uint64_t FollowedInode(int descriptor, std::string* path) {
  if (!recording()) return 0;
  const int error = errno;
  *path = PathOfDescriptor(descriptor);
  const uint64_t inode = Followed(*path) ? InodeOf(descriptor) : 0;
  errno = error;
  return inode;
}

bool IsTcpSocket(int descriptor, uint64_t* inode) {
  if (!recording()) return false;
  const int error = errno;
  struct stat entry {};
  int domain = 0;
  socklen_t size = sizeof domain;
  const bool tcp = ::fstat(descriptor, &entry) == 0 && S_ISSOCK(entry.st_mode) &&
                   ::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
                   (domain == AF_INET || domain == AF_INET6);
  *inode = entry.st_ino;
  errno = error;
  return tcp;
}

// Sets errno and returns true if a rule says that this call is to fail.
// REQUIRES: a RecordLock is held.
bool Fails(const char* kind, const std::string& path) {
  if (settings().faults.empty()) return false;
  const int error = TakeFault(settings().faults, kind, path);
  if (error != 0) errno = error;
  return error != 0;
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void RecordSend(int descriptor, const iovec* data, int pieces) {
  uint64_t inode = 0;
  if (!IsTcpSocket(descriptor, &inode)) return;
  size_t size = 0;
  for (int i = 0; i < pieces; ++i) size += data[i].iov_len;
  RecordLock lock;
  Record record(RecordKind::kSend);
  record.inode = inode;
  Append(record, data, pieces, size);
}

// `write` of any kind: `real` does it; `offset` < 0: at the file's position.
template <typename Call>
ssize_t RecordedWrite(int descriptor, const iovec* data, int pieces, int64_t offset, Call real) {
  std::string path;
  const uint64_t inode = FollowedInode(descriptor, &path);
  if (inode == 0) {
    RecordSend(descriptor, data, pieces);
    return real();
  }
  RecordLock lock;
  if (Fails("write", path)) return -1;
  struct stat entry {};
  if (offset < 0) {
    const bool appends = (::fcntl(descriptor, F_GETFL) & O_APPEND) != 0;
    offset = ::fstat(descriptor, &entry) == 0 && appends ? entry.st_size
                                                         : ::lseek(descriptor, 0, SEEK_CUR);
  }
  const ssize_t written = real();
  if (written > 0) {
    Record record(RecordKind::kWrite);
    record.inode = inode;
    record.offset = static_cast<uint64_t>(offset);
    Append(record, data, pieces, static_cast<size_t>(written));
  }
  return written;
}

int RecordedTruncate(int descriptor, off_t size) {
  static auto* const real = Real<int(int, off_t)>("ftruncate");
  std::string path;
  const uint64_t inode = FollowedInode(descriptor, &path);
  if (inode == 0) return real(descriptor, size);
  RecordLock lock;
  if (Fails("write", path)) return -1;
  const int result = real(descriptor, size);
  if (result == 0) {
    Record record(RecordKind::kTruncate);
    record.inode = inode;
    record.offset = static_cast<uint64_t>(size);
    Append(record);
  }
  return result;
}

int RecordedSync(int descriptor) {
  static std::atomic<uint64_t> syncs{0};
  std::string path;
  const uint64_t inode = FollowedInode(descriptor, &path);
  if (inode == 0) return 0;
  Record record(RecordKind::kSyncBegin);
  record.inode = inode;
  record.offset = (static_cast<uint64_t>(::getpid()) << 32) | ++syncs;
  record.path = path;
  {
    RecordLock lock;
    Append(record);
  }
  RecordLock lock;
  record.kind = RecordKind::kSyncEnd;
  record.error = Fails("sync", path) ? errno : 0;
  Append(record);
  return record.error == 0 ? 0 : -1;
}

// `real` opens and returns a descriptor.
template <typename Call>
int RecordedOpen(int directory, const char* name, int flags, Call real) {
  const std::string path = Absolute(directory, name);
  const bool changes = (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) != 0;
  if (!Followed(path)) return real();
  RecordLock lock;
  if (Fails(changes ? "open" : "read", path)) return -1;
  if (!changes) return real();
  const bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
  const bool was_there = !nameless && InodeAt(path) != 0;
  const int descriptor = real();
  if (descriptor < 0) return descriptor;
  if (!was_there) {
    Record record(RecordKind::kCreate);
    record.inode = InodeOf(descriptor);
    if (!nameless) record.path = path;
    Append(record);
  } else if ((flags & O_TRUNC) != 0) {
    Record record(RecordKind::kTruncate);
    record.inode = InodeOf(descriptor);
    Append(record);
  }
  return descriptor;
}

template <typename Call>
int RecordedRename(int from_directory, const char* from, int to_directory, const char* to,
                   Call real) {
  Record record(RecordKind::kRename);
  record.path = Absolute(from_directory, from);
  record.other_path = Absolute(to_directory, to);
  if (!Followed(record.path) && !Followed(record.other_path)) return real();
  RecordLock lock;
  if (Fails("rename", record.path)) return -1;
  const int result = real();
  if (result == 0) Append(record);
  return result;
}

template <typename Call>
int RecordedLink(const std::string& to, Call real) {
  if (!Followed(to)) return real();
  RecordLock lock;
  if (Fails("rename", to)) return -1;
  const int result = real();
  if (result == 0) {
    Record record(RecordKind::kLink);
    record.inode = InodeAt(to);
    record.other_path = to;
    Append(record);
  }
  return result;
}

template <typename Call>
int RecordedRemove(const std::string& path, Call real) {
  if (!Followed(path)) return real();
  RecordLock lock;
  if (Fails("remove", path)) return -1;
  const int result = real();
  if (result == 0) {
    Record record(RecordKind::kRemove);
    record.path = path;
    Append(record);
  }
  return result;
}

template <typename Call>
int RecordedMakeDirectory(const std::string& path, Call real) {
  if (!Followed(path)) return real();
  RecordLock lock;
  if (Fails("open", path)) return -1;
  const int result = real();
  if (result == 0) {
    Record record(RecordKind::kMakeDirectory);
    record.inode = InodeAt(path);
    record.path = path;
    Append(record);
  }
  return result;
}

void RecordMapping(int descriptor, int protection, int flags) {
  if (descriptor < 0 || (protection & PROT_WRITE) == 0 || (flags & MAP_SHARED) == 0) return;
  std::string path;
  const uint64_t inode = FollowedInode(descriptor, &path);
  if (inode == 0) return;
  RecordLock lock;
  Record record(RecordKind::kMapped);
  record.inode = inode;
  record.path = path;
  Append(record);
}

void Refuse(int descriptor, const char* call) {
  std::string path;
  if (FollowedInode(descriptor, &path) == 0) return;
  RecordLock lock;
  Record record(RecordKind::kUnsupported);
  record.path = std::string(call) + " on " + path;
  Append(record);
}

__attribute__((constructor)) void Announce() {
  if (!recording()) return;
  RecordLock lock;
  Record record(RecordKind::kStart);
  char path[PATH_MAX];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  if (size > 0) record.path.assign(path, static_cast<size_t>(size));
  Append(record);
}

mode_t ModeOf(int flags, va_list arguments) {
  const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has_mode ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace
}  // namespace camnode

#include "tests/durability/recorder_calls.inc"
