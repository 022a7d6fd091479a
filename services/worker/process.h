// The worker as a process: its parent, its signals.

#ifndef CAMNODE_SERVICES_WORKER_PROCESS_H_
#define CAMNODE_SERVICES_WORKER_PROCESS_H_

#include <functional>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace camnode {

// From now on the process ends at once, without a word to the database, when
// `descriptor` reaches its end: its jobs' leases go back by themselves.
// Errors: kInvalidArgument if it is not an open descriptor.
absl::Status EndWithParent(int descriptor);

// Called first in main: SIGTERM and SIGINT wait for a WorkerSignals.  SIGHUP, which tells the
// node to read its certificates again, is ignored, and so is SIGPIPE.
void BlockWorkerSignals();

// Whether SIGTERM or SIGINT comes within `patience`: for a wait before there is a WorkerSignals.
bool StopSignalWithin(absl::Duration patience);

// While it lives, SIGTERM or SIGINT calls the function set last, once, or ends the
// process with code 0 if none is set: there is nothing to finish then.  Repeats
// are ignored: a terminal and a supervisor often both send one.
class WorkerSignals {
 public:
  WorkerSignals();
  ~WorkerSignals();

  // `drain` is called on another thread.  nullptr takes it back, and then it is
  // not running.
  void SetDrain(std::function<void()> drain);

 private:
  void Run();

  Mutex mutex_;
  std::function<void()> drain_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_WORKER_PROCESS_H_
