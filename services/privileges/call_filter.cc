#include "services/privileges/call_filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace camnode {
namespace {

// Names of calls, by subject.
constexpr absl::string_view kAllowed[] = {
    // Memory.
    "brk madvise membarrier mincore mlock mmap mprotect mremap msync munlock munmap",
    // Threads, and the end of them all.
    "arch_prctl exit exit_group futex get_robust_list getcpu gettid restart_syscall rseq",
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam",
    "sched_getscheduler sched_yield set_robust_list set_tid_address",
    // Signals to ourselves.
    "pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait",
    "sigaltstack",
    // Who and where we are.
    "getcwd getegid geteuid getgid getgroups getpgrp getpid getppid getpriority getrlimit",
    "getrusage getsid getuid sysinfo times umask uname",
    // Time.
    "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep time",
    // Waiting.
    "epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 pipe2 poll ppoll pselect6 select",
    // Descriptors.
    "close close_range dup dup2 dup3 fadvise64 fallocate fcntl fdatasync flock fstat fstatfs fsync",
    "ftruncate getdents64 lseek pread64 preadv pwrite64 pwritev read readahead readv",
    "sync_file_range write writev",
    // Names; which of them may be changed, Landlock decides.
    "access faccessat faccessat2 link linkat lstat mkdir mkdirat newfstatat readlink readlinkat",
    "rename renameat renameat2 stat statfs statx unlink unlinkat",
    // Chance.
    "getrandom",
    // The doorbell's socket, opened before.
    "recvfrom sendto",
};

constexpr absl::string_view kAllowedForServer[] = {
    "connect getpeername getsockname getsockopt recvmsg sendmmsg sendmsg setsockopt shutdown",
};

constexpr absl::string_view kAllowedForGpu[] = {
    "get_mempolicy ioctl mbind memfd_create mlock2 mlockall munlockall prctl sched_setaffinity",
    "set_mempolicy",
};

// Nothing here asks for these, by mistake or in an old library.
constexpr absl::string_view kFatal[] = {
    "execve execveat ptrace process_vm_readv process_vm_writev bpf userfaultfd perf_event_open",
    "init_module finit_module delete_module kexec_load kexec_file_load iopl ioperm",
    "mount umount2 pivot_root chroot unshare setns open_by_handle_at swapon swapoff reboot",
    "add_key request_key keyctl",
};

// Tried by glibc and others, which do without when the kernel is too old for them.  The
// arguments of clone3 and openat2 lie in memory, where no filter sees them.
constexpr absl::string_view kAbsent[] = {"clone3 openat2 io_uring_setup pidfd_open"};

constexpr uint64_t kLowHalf = 0xFFFFFFFF;  // An int argument's; above it anything may stand.

class Filter {
 public:
  explicit Filter(scmp_filter_ctx context) : context_(context) {}
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  template <std::size_t size>
  void AddAll(uint32_t action, const absl::string_view (&lines)[size]) {
    for (const absl::string_view line : lines) {
      for (const absl::string_view name : absl::StrSplit(line, ' ')) {
        Add(action, seccomp_syscall_resolve_name(std::string(name).c_str()));
      }
    }
  }

  // `conditions`: all of them must hold.
  template <typename... Condition>
  void Add(uint32_t action, int call, Condition... conditions) {
    const scmp_arg_cmp all[] = {conditions..., scmp_arg_cmp{}};
    const int error = seccomp_rule_add_array(context_, action, call, sizeof...(conditions), all);
    if (error != 0 && error_ == 0) error_ = -error;
  }

  void Set(scmp_filter_attr attribute, uint32_t value) {
    const int error = seccomp_attr_set(context_, attribute, value);
    if (error != 0 && error_ == 0) error_ = -error;
  }

  absl::Status Load() {
    if (error_ != 0) {
      return absl::InternalError(
          absl::StrCat("libseccomp does not make the filter: ", std::strerror(error_)));
    }
    const int error = -seccomp_load(context_);
    if (error == 0) return absl::OkStatus();
    const auto code = error == EINVAL || error == ENOSYS || error == EOPNOTSUPP
                          ? absl::StatusCode::kUnimplemented
                          : absl::StatusCode::kInternal;
    return absl::Status(
        code, absl::StrCat("the kernel takes no filter of system calls: ", std::strerror(error)));
  }

 private:
  const scmp_filter_ctx context_;
  int error_ = 0;  // The first.
};

scmp_arg_cmp Is(unsigned argument, uint64_t value) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, kLowHalf, value);
}

scmp_arg_cmp HasNone(unsigned argument, uint64_t bits) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bits, 0);
}

scmp_arg_cmp HasAll(unsigned argument, uint64_t bits) {
  return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, bits, bits);
}

// Calls that are well or ill by what they are given.
void AddConditions(Filter& filter) {
  const auto self = static_cast<uint64_t>(::getpid());
  // Threads, no processes.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(clone), HasAll(0, CLONE_THREAD | CLONE_VM));
  // abort(), pthread_kill(), crash points.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), Is(0, self));
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(kill), Is(0, self));
  // Our own limits, which can only fall.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), Is(0, 0));
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), Is(0, self));
  // Landlock before Linux 6.2 lets anybody cut a file that he may read.
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(open), HasNone(1, O_TRUNC));
  filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(openat), HasNone(2, O_TRUNC));
}

// A GPU's driver has its own ioctls, and is not asked which.
void AddConditionsWithoutGpu(Filter& filter) {
  // isatty(), and what glibc, libpq and OpenSSL do to descriptors.
  for (const unsigned long request : {TCGETS, FIONREAD, FIONBIO, FIOCLEX}) {
    filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), Is(1, request));
  }
  // Names of threads and of memory; and is this process dumpable?
  constexpr int kSetMemoryName = 0x53564d41;  // PR_SET_VMA, in Linux 5.17.
  for (const int option :
       {PR_SET_NAME, PR_GET_NAME, kSetMemoryName, PR_GET_DUMPABLE, PR_CAPBSET_READ}) {
    filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), Is(0, static_cast<uint64_t>(option)));
  }
}

void AddServerSockets(Filter& filter) {
  for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
    filter.Add(SCMP_ACT_ALLOW, SCMP_SYS(socket), Is(0, static_cast<uint64_t>(family)));
  }
}

}  // namespace

absl::Status FilterCalls(const CallFilterNeeds& needs) {
  const scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (context == nullptr) return absl::InternalError("libseccomp makes no filter");
  Filter filter(context);
  filter.Set(SCMP_FLTATR_CTL_TSYNC, 1);     // All threads, or it fails.
  filter.Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // A tree: the list is long, and each call walks it.
  // Calls of the 32-bit interface, which have other numbers.
  filter.Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  filter.AddAll(SCMP_ACT_ALLOW, kAllowed);
  AddConditions(filter);
  if (needs.database_server) {
    filter.AddAll(SCMP_ACT_ALLOW, kAllowedForServer);
    AddServerSockets(filter);
  }
  if (needs.gpu) {
    filter.AddAll(SCMP_ACT_ALLOW, kAllowedForGpu);
  } else {
    AddConditionsWithoutGpu(filter);
  }
  filter.AddAll(SCMP_ACT_KILL_PROCESS, kFatal);
  filter.AddAll(SCMP_ACT_ERRNO(ENOSYS), kAbsent);
  return filter.Load();
}

}  // namespace camnode
