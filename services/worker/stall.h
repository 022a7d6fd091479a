// How a worker ends that makes no step any more.

#ifndef CAMNODE_SERVICES_WORKER_STALL_H_
#define CAMNODE_SERVICES_WORKER_STALL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/pipeline/step_watch.h"
#include "core/storage/job_queue.h"

namespace camnode {

// Gives a stalled worker's leases back, while there is a queue to give them to.  Thread-safe.
class LeaseReturn {
 public:
  // nullptr: none any more.
  void Set(JobQueue* queue);
  // The film at fault is charged a failure and runs alone next; of several suspects none is
  // charged and each does; what else the worker held goes back as it came.  A database that
  // does not take it leaves that to the node.
  void Return(const std::string& worker, const std::vector<int64_t>& suspects);

 private:
  Mutex mutex_;
  JobQueue* queue_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

// Logs the films and the step, returns the leases if a film is at fault, and ends the process
// (worker_exit.h), all within seconds, whatever hangs.
[[noreturn]] void EndStalled(const std::string& worker, const StepWatch::Stall& stall,
                             LeaseReturn& leases);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_WORKER_STALL_H_
