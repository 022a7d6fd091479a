// Looks after the worker's steps: a film that never comes back ends the process, and a process
// whose steps move says so to its node.

#ifndef CAMNODE_SERVICES_WORKER_WATCHDOG_H_
#define CAMNODE_SERVICES_WORKER_WATCHDOG_H_

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/pipeline/step_watch.h"

namespace camnode {

// Thread-safe.
class Watchdog {
 public:
  using OnStall = std::function<void(const StepWatch::Stall& stall)>;

  // Looks at `steps`, which outlives it, at each kLookPeriod and writes a byte to `life`, so
  // that whoever supervises this process hears from it; negative: nobody does.  A stalled step
  // is told by `on_stall` instead, on a thread of the watchdog's, which is to end the process.
  Watchdog(StepWatch& steps, int life, OnStall on_stall);
  ~Watchdog();

 private:
  void Run();

  StepWatch& steps_;
  const int life_;
  const OnStall on_stall_;
  Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

// Runs `last_words` on a thread of its own and ends the process with `code` when they have
// been said, or after `patience`: what they need may be what hangs.
[[noreturn]] void EndWithLastWords(std::function<void()> last_words, absl::Duration patience,
                                   int code);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_WORKER_WATCHDOG_H_
