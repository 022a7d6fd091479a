#include "services/worker/watchdog.h"

#include <sys/socket.h>

#include <memory>
#include <utility>

#include "absl/types/optional.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// Lives as long as the longer of the two threads.
struct LastWords {
  Mutex mutex;
  CondVar changed;
  bool said ABSL_GUARDED_BY(mutex) = false;
};

}  // namespace

Watchdog::Watchdog(StepWatch& steps, int life, OnStall on_stall)
    : steps_(steps), life_(life), on_stall_(std::move(on_stall)), thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void Watchdog::Run() {
  while (true) {
    if (const absl::optional<StepWatch::Stall> stall = steps_.Look(); stall.has_value()) {
      on_stall_(*stall);
    } else if (life_ >= 0) {
      // A node that does not read what it was told before knows enough.
      (void)!send(life_, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    const Deadline next(kLookPeriod);
    MutexLock lock(&mutex_);
    while (!stopping_ && !next.Expired()) changed_.WaitWithTimeout(&mutex_, next.Remaining());
    if (stopping_) return;
  }
}

void EndWithLastWords(std::function<void()> last_words, absl::Duration patience, int code) {
  const auto words = std::make_shared<LastWords>();
  std::thread([words, say = std::move(last_words)] {
    say();
    MutexLock lock(&words->mutex);
    words->said = true;
    words->changed.SignalAll();
  }).detach();
  {
    const Deadline deadline(patience);
    MutexLock lock(&words->mutex);
    while (!words->said && !deadline.Expired()) {
      words->changed.WaitWithTimeout(&words->mutex, deadline.Remaining());
    }
  }
  ExitAtOnce(code);
}

}  // namespace camnode
