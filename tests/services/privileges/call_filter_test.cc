#include "services/privileges/call_filter.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "tests/services/privileges/in_child.h"

namespace camnode {
namespace {

// What comes of `call` under the filter.
ChildEnd Filtered(const std::function<long()>& call, const CallFilterNeeds& needs = {}) {
  return InChild([&]() -> std::string {
    const absl::Status filtered = FilterCalls(needs);
    if (!filtered.ok()) return std::string(filtered.message());
    errno = 0;
    return Outcome(call());
  });
}

TEST(CallFilterTest, WhoRunsAProgramOrTracesAnotherIsEnded) {
  const char* const program[] = {"/bin/true", nullptr};
  const auto fatal = [](const std::function<long()>& call) { return Filtered(call).signal; };
  EXPECT_EQ(fatal([&] { return execve(program[0], const_cast<char**>(program), nullptr); }),
            SIGSYS);
  EXPECT_EQ(fatal([&] { return syscall(SYS_execveat, 0, "", program, nullptr, AT_EMPTY_PATH); }),
            SIGSYS);
  EXPECT_EQ(fatal([] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }), SIGSYS);
  for (const int call :
       {SYS_process_vm_readv, SYS_process_vm_writev, SYS_bpf, SYS_init_module, SYS_finit_module,
        SYS_kexec_load, SYS_userfaultfd, SYS_perf_event_open, SYS_mount, SYS_umount2, SYS_unshare,
        SYS_setns, SYS_keyctl, SYS_add_key, SYS_open_by_handle_at, SYS_reboot}) {
    EXPECT_EQ(fatal([call] { return syscall(call, 0, 0, 0, 0, 0, 0); }), SIGSYS) << call;
  }
}

TEST(CallFilterTest, ThereAreNoOtherProcesses) {
  EXPECT_EQ(Filtered([] { return syscall(SYS_fork); }).said, "EPERM");
  EXPECT_EQ(Filtered([] { return syscall(SYS_vfork); }).said, "EPERM");
  EXPECT_EQ(Filtered([] { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }).said, "EPERM");
  EXPECT_EQ(Filtered([] { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }).said,
            "EPERM");
  // Its flags lie in memory: glibc then takes clone.
  EXPECT_EQ(Filtered([] { return syscall(SYS_clone3, nullptr, 0); }).said, "ENOSYS");
}

TEST(CallFilterTest, ThreadsAndMemoryAreThereAsBefore) {
  const ChildEnd end = Filtered([]() -> long {
    std::atomic<int> done{0};
    std::thread first([&done] { ++done; });
    std::thread second([&done] { ++done; });
    first.join();
    second.join();
    const std::string large(size_t{64} << 20, 'x');
    return done == 2 && large.back() == 'x' ? 0 : -1;
  });
  EXPECT_EQ(end.said, "done");
}

// A thread that was there before is held as well.
TEST(CallFilterTest, HoldsForAllThreads) {
  const ChildEnd end = InChild([] {
    std::mutex mutex;
    std::condition_variable changed;
    bool filtered = false;
    std::string outcome;
    std::thread other([&] {
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return filtered; });
      outcome = Outcome(socket(AF_INET, SOCK_STREAM, 0));
    });
    const absl::Status status = FilterCalls({});
    {
      const std::lock_guard<std::mutex> lock(mutex);
      filtered = true;
    }
    changed.notify_all();
    other.join();
    return status.ok() ? outcome : std::string(status.message());
  });
  EXPECT_EQ(end.said, "EPERM");
}

TEST(CallFilterTest, OpensNoSocketUnlessADatabaseServerNeedsOne) {
  for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
    const auto call = [family] { return long{socket(family, SOCK_STREAM, 0)}; };
    EXPECT_EQ(Filtered(call).said, "EPERM") << family;
    CallFilterNeeds needs;
    needs.database_server = true;
    EXPECT_EQ(Filtered(call, needs).said, "done") << family;
    for (const int other : {AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK}) {
      EXPECT_EQ(Filtered([other] { return long{socket(other, SOCK_RAW, 0)}; }, needs).said,
                "EPERM");
    }
    EXPECT_EQ(Filtered([] { return long{listen(0, 1)}; }, needs).said, "EPERM");
  }
  int ends[2];
  EXPECT_EQ(Filtered([&] { return long{socketpair(AF_UNIX, SOCK_STREAM, 0, ends)}; }).said,
            "EPERM");
}

TEST(CallFilterTest, SocketsThatAreOpenGoOnWorking) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
  const ChildEnd end = Filtered([&]() -> long {
    char byte = 0;
    return send(ends[0], "x", 1, 0) == 1 && recv(ends[1], &byte, 1, 0) == 1 && byte == 'x' ? 0 : -1;
  });
  EXPECT_EQ(end.said, "done");
}

TEST(CallFilterTest, SignalsReachNobodyElse) {
  const pid_t parent = getpid();
  EXPECT_EQ(Filtered([parent] { return long{kill(parent, 0)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([parent] { return syscall(SYS_tgkill, parent, parent, 0); }).said, "EPERM");
  EXPECT_EQ(Filtered([parent] { return syscall(SYS_pidfd_open, parent, 0); }).said, "ENOSYS");
  EXPECT_EQ(Filtered([] { return long{kill(getpid(), 0)}; }).said, "done");
  EXPECT_EQ(Filtered([]() -> long { abort(); }).signal, SIGABRT);
  rlimit limit = {1, 1};
  EXPECT_EQ(Filtered([&] { return long{prlimit(parent, RLIMIT_NOFILE, &limit, nullptr)}; }).said,
            "EPERM");
}

TEST(CallFilterTest, RightsAndOwnersAndTimesOfFilesStay) {
  const std::string file = testing::TempDir() + "/call_filter_test";
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT, 0600);
  EXPECT_EQ(Filtered([&] { return long{chmod(file.c_str(), 0)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([&] { return long{fchmod(descriptor, 0)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([&] { return long{chown(file.c_str(), 1, 1)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([&] { return long{utimensat(AT_FDCWD, file.c_str(), nullptr, 0)}; }).said,
            "EPERM");
  EXPECT_EQ(Filtered([&] { return long{truncate(file.c_str(), 0)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([&] { return long{open(file.c_str(), O_RDONLY | O_TRUNC)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([&] { return long{open(file.c_str(), O_RDWR)}; }).said, "done");
  EXPECT_EQ(Filtered([&] { return long{ftruncate(descriptor, 0)}; }).said, "done");
  close(descriptor);
}

TEST(CallFilterTest, StaysUndumpable) {
  EXPECT_EQ(Filtered([] { return long{prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)}; }).said, "EPERM");
  EXPECT_EQ(Filtered([] { return long{prctl(PR_SET_NAME, "x", 0, 0, 0)}; }).said, "done");
}

TEST(CallFilterTest, WhatAKernelOfTomorrowAddsIsRefused) {
  EXPECT_EQ(Filtered([] { return syscall(100'000); }).said, "EPERM");
  EXPECT_EQ(Filtered([] { return syscall(SYS_io_uring_setup, 1, nullptr); }).said, "ENOSYS");
}

TEST(CallFilterTest, IoctlIsForDescriptorsUnlessThereIsAGpu) {
  constexpr unsigned long kPushInput = 0x5412;  // TIOCSTI: types into somebody's terminal.
  const auto call = [] { return syscall(SYS_ioctl, 0, kPushInput, "x"); };
  EXPECT_EQ(Filtered(call).said, "EPERM");
  EXPECT_EQ(Filtered([] { return syscall(SYS_ioctl, -1, 0x5401, nullptr); }).said, "EBADF")
      << "TCGETS reached the kernel";
  CallFilterNeeds gpu;
  gpu.gpu = true;
  EXPECT_EQ(Filtered([] { return syscall(SYS_ioctl, -1, kPushInput, "x"); }, gpu).said, "EBADF");
}

}  // namespace
}  // namespace camnode
