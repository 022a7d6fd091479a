// Tells the node, through the worker table, that this worker lives and with what.

#ifndef CAMNODE_CORE_PIPELINE_WORKER_HEARTBEAT_H_
#define CAMNODE_CORE_PIPELINE_WORKER_HEARTBEAT_H_

#include <string>
#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/pipeline/step_watch.h"
#include "core/storage/worker_registry.h"

namespace camnode {

// Beats at once, at each period and at each change, from a thread of its own.  A
// beat that fails is logged once and tried again at the next period.  Thread-safe.
class WorkerHeartbeat {
 public:
  // Each beat says how long the longest of `steps` has taken.  Both outlive the heartbeat.
  WorkerHeartbeat(WorkerRegistry& registry, StepWatch& steps, WorkerRecord record,
                  absl::Duration period);
  // Joins its thread and removes the record: this worker has ended in order.
  ~WorkerHeartbeat();

  // From now on the record says that the worker takes jobs, with these models.
  void SetReady(const std::string& model_set);
  // It takes none for now.
  void SetNotReady();

 private:
  void Run();
  void Beat(WorkerRecord record);

  WorkerRegistry& registry_;
  StepWatch& steps_;
  const absl::Duration period_;
  bool failing_ = false;  // Of the thread.
  Mutex mutex_;
  CondVar changed_;
  WorkerRecord record_ ABSL_GUARDED_BY(mutex_);
  bool due_ ABSL_GUARDED_BY(mutex_) = true;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_WORKER_HEARTBEAT_H_
