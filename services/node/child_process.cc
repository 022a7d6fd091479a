#include "services/node/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/stopwatch.h"

extern char** environ;

namespace camnode {
namespace {

// What happens in the child between fork and exec.
class SpawnPlan {
 public:
  SpawnPlan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  // 0 or an error number.
  int Prepare(int life_pipe) {
    // dup2 of a descriptor onto itself clears its CLOEXEC here (glibc 2.29).
    int error = posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (error == 0) {
      error = posix_spawn_file_actions_adddup2(&actions_, life_pipe, kLifePipeDescriptor);
    }
    if (error == 0) {
      error = posix_spawn_file_actions_addclosefrom_np(&actions_, kLifePipeDescriptor + 1);
    }
    if (error == 0) error = RestoreSignals();
    return error;
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  // The node blocks SIGTERM and SIGINT and ignores SIGPIPE; a child would inherit that.
  int RestoreSignals() {
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP}) sigaddset(&usual, signal);
    int error = posix_spawnattr_setsigmask(&attributes_, &none);
    if (error == 0) error = posix_spawnattr_setsigdefault(&attributes_, &usual);
    if (error == 0) {
      error =
          posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    return error;
  }

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

// Ends with nullptr, as exec wants it.  Borrows from `additional` and environ.
std::vector<char*> MergedEnvironment(const std::vector<std::string>& additional) {
  std::vector<char*> merged;
  for (char** variable = environ; *variable != nullptr; ++variable) merged.push_back(*variable);
  for (const std::string& variable : additional) {
    const std::string name = variable.substr(0, variable.find('='));
    if (getenv(name.c_str()) == nullptr) merged.push_back(const_cast<char*>(variable.c_str()));
  }
  merged.push_back(nullptr);
  return merged;
}

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Spawn(const std::vector<std::string>& arguments,
                                                 const std::vector<std::string>& environment) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("life pipe: ", std::strerror(errno)));
  }
  UniqueDescriptor ours(ends[0]);
  const UniqueDescriptor theirs(ends[1]);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> variables = MergedEnvironment(environment);

  SpawnPlan plan;
  pid_t pid = 0;
  int error = plan.Prepare(theirs.get());
  if (error == 0) {
    error = posix_spawn(&pid, argv[0], plan.actions(), plan.attributes(), argv.data(),
                        variables.data());
  }
  if (error != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(arguments[0], " cannot be run: ", std::strerror(error)));
  }
  // The header of glibc 2.36 declares it without extern "C".
  UniqueDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  ChildProcess child(pid, std::move(process), std::move(ours));
  if (child.process_.valid()) return child;
  const absl::Status failed =
      absl::ResourceExhaustedError(absl::StrCat("pidfd_open: ", std::strerror(errno)));
  // Nobody could tell when it ends.
  kill(pid, SIGKILL);
  child.Reap();
  return failed;
}

ChildProcess::News ChildProcess::Wait(absl::Duration timeout) const {
  const Deadline deadline(timeout);
  // A child that has closed its end says nothing more, but may live on.
  pollfd polled[] = {{process_.get(), POLLIN, 0}, {life_pipe_.get(), POLLIN, 0}};
  while (true) {
    const int64_t left_ms =
        absl::ToInt64Milliseconds(absl::Ceil(deadline.Remaining(), absl::Milliseconds(1)));
    const int ready = poll(polled, 2, static_cast<int>(std::min<int64_t>(left_ms, 60'000)));
    if (ready > 0 && polled[0].revents != 0) return News::kEnded;
    if (ready > 0) {
      char bytes[64];
      if (recv(life_pipe_.get(), bytes, sizeof bytes, MSG_DONTWAIT) > 0) return News::kLives;
      polled[1].fd = -1;
    }
    if (deadline.Expired()) return News::kNone;
  }
}

int ChildProcess::Reap() const {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace camnode
