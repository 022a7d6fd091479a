#include "services/node/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

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
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) {
    return absl::ResourceExhaustedError(absl::StrCat("life pipe: ", std::strerror(errno)));
  }
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> variables = MergedEnvironment(environment);

  SpawnPlan plan;
  pid_t pid = 0;
  int error = plan.Prepare(pipe_ends[0]);
  if (error == 0) {
    error = posix_spawn(&pid, argv[0], plan.actions(), plan.attributes(), argv.data(),
                        variables.data());
  }
  close(pipe_ends[0]);
  if (error != 0) {
    close(pipe_ends[1]);
    return absl::FailedPreconditionError(
        absl::StrCat(arguments[0], " cannot be run: ", std::strerror(error)));
  }
  return ChildProcess(pid, pipe_ends[1]);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(other.pid_), life_pipe_(std::exchange(other.life_pipe_, -1)) {}

ChildProcess::~ChildProcess() {
  if (life_pipe_ >= 0) close(life_pipe_);
}

void ChildProcess::WaitForEnd() const {
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
}

int ChildProcess::Reap() const {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace camnode
