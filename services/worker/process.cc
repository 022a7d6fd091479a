#include "services/worker/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"

namespace camnode {
namespace {

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

}  // namespace

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
      ExitAtOnce(0);
    }
  }).detach();
  return absl::OkStatus();
}

void BlockWorkerSignals() {
  const sigset_t signals = WaitedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
}

bool StopSignalWithin(absl::Duration patience) {
  const sigset_t signals = WaitedSignals();
  const timespec longest = absl::ToTimespec(patience);
  const int number = sigtimedwait(&signals, nullptr, &longest);
  return number == SIGTERM || number == SIGINT;
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
    if (drain_ == nullptr) ExitAtOnce(0);
    Log(LogLevel::kInfo, "draining", {});
    drain_();
    drained = true;
  }
}

}  // namespace camnode
