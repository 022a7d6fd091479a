// SIGTERM and SIGINT ask the node to stop, SIGHUP to read its certificates again.

#ifndef CAMNODE_SERVICES_NODE_STOP_SIGNALS_H_
#define CAMNODE_SERVICES_NODE_STOP_SIGNALS_H_

#include <deque>
#include <thread>

#include "absl/functional/function_ref.h"
#include "core/base/mutex.h"

namespace camnode {

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all it starts later, and
// ignores SIGPIPE: a peer that goes away is an error code, not the end.  Called
// first in main.
void BlockStopSignals();

// Hears the signals from its construction on.  Before Wait is called the node is starting,
// and may hang in that (a database that does not answer): a stop signal then ends the process
// at once with code 0, for there is nothing to finish.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();

  // Returns the number of the stop signal that comes; calls `reload` at each SIGHUP meanwhile.
  int Wait(absl::FunctionRef<void()> reload);

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::deque<int> heard_ ABSL_GUARDED_BY(mutex_);
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_STOP_SIGNALS_H_
