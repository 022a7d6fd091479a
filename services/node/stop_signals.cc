#include "services/node/stop_signals.h"

#include <signal.h>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"

namespace camnode {
namespace {

// Wakes our own thread when it is to end.
constexpr int kWakeSignal = SIGUSR1;

sigset_t OurSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, kWakeSignal}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

void BlockStopSignals() {
  const sigset_t signals = OurSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

StopSignals::StopSignals() : thread_([this] { Run(); }) {}

StopSignals::~StopSignals() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
  }
  pthread_kill(thread_.native_handle(), kWakeSignal);
  thread_.join();
}

int StopSignals::Wait(absl::FunctionRef<void()> reload) {
  while (true) {
    int number = 0;
    {
      MutexLock lock(&mutex_);
      started_ = true;
      while (heard_.empty()) changed_.Wait(&mutex_);
      number = heard_.front();
      heard_.pop_front();
    }
    if (number != SIGHUP) return number;
    reload();
  }
}

void StopSignals::Run() {
  const sigset_t signals = OurSignals();
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    MutexLock lock(&mutex_);
    if (ending_) return;
    if (number == kWakeSignal) continue;
    if (!started_ && number != SIGHUP) {
      Log(LogLevel::kInfo, "node_stopped",
          {{LogField::kReason, absl::StrCat("signal ", number, " while it was starting")}});
      ExitAtOnce(0);
    }
    if (!started_) continue;  // The certificates are just being read.
    heard_.push_back(number);
    changed_.SignalAll();
  }
}

}  // namespace camnode
