#include "services/worker/process.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/log.h"

namespace camnode {
namespace {

constexpr size_t kMaxNameBytes = 64;
// Wakes our own thread when it is to end.
constexpr int kWakeSignal = SIGUSR1;

sigset_t WaitedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, kWakeSignal);
  return signals;
}

bool IsWorkerName(const std::string& name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (const char c : name) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

// Where the value of `--name value` or `--name=value` goes; null if unknown.
std::string* TargetOf(absl::string_view flag, WorkerArguments& parsed, std::string& life_pipe) {
  if (flag == "--config") return &parsed.config;
  if (flag == "--name") return &parsed.name;
  if (flag == "--life-pipe") return &life_pipe;
  return nullptr;
}

}  // namespace

absl::StatusOr<WorkerArguments> ParseWorkerArguments(const std::vector<std::string>& arguments) {
  WorkerArguments parsed;
  std::string life_pipe;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      parsed.help = true;
      return parsed;
    }
    if (argument == "--version") {
      parsed.version = true;
      return parsed;
    }
    const size_t equals = argument.find('=');
    std::string* target = TargetOf(argument.substr(0, equals), parsed, life_pipe);
    if (target == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("unknown argument '", argument, "'"));
    }
    if (equals == std::string::npos && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat(argument, " needs a value"));
    }
    *target = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
  }
  if (parsed.config.empty()) return absl::InvalidArgumentError("--config FILE is missing");
  if (!IsWorkerName(parsed.name)) {
    return absl::InvalidArgumentError(
        "--name NAME is missing or not 1 to 64 visible ASCII characters");
  }
  if (!life_pipe.empty() &&
      (!absl::SimpleAtoi(life_pipe, &parsed.life_pipe) || parsed.life_pipe < 0)) {
    return absl::InvalidArgumentError("--life-pipe needs the number of an open descriptor");
  }
  return parsed;
}

absl::Status EndWithParent(int descriptor) {
  if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--life-pipe: descriptor ", descriptor, " is not open"));
  }
  std::thread([descriptor] {
    char byte = 0;
    while (true) {
      const ssize_t got = read(descriptor, &byte, 1);
      if (got > 0 || (got < 0 && errno == EINTR)) continue;
      Log(LogLevel::kWarning, "parent_gone", {});
      _exit(0);
    }
  }).detach();
  return absl::OkStatus();
}

void BlockWorkerSignals() {
  const sigset_t signals = WaitedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

WorkerSignals::WorkerSignals() : thread_([this] { Run(); }) {}

WorkerSignals::~WorkerSignals() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  pthread_kill(thread_.native_handle(), kWakeSignal);
  thread_.join();
}

void WorkerSignals::SetDrain(std::function<void()> drain) {
  MutexLock lock(&mutex_);
  drain_ = std::move(drain);
}

void WorkerSignals::Run() {
  const sigset_t signals = WaitedSignals();
  bool drained = false;
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    MutexLock lock(&mutex_);
    if (stopping_) return;
    if (number == kWakeSignal || drained) continue;
    if (drain_ == nullptr) _exit(0);
    Log(LogLevel::kInfo, "draining", {});
    drain_();
    drained = true;
  }
}

}  // namespace camnode
