// Starts the worker processes, watches them and starts them again.
//
// Each worker is   camnode-worker --config FILE --name NODEID/worker-0 --life-pipe 3
// with every other descriptor above 2 closed (DCMTK opens its sockets without
// CLOEXEC).  Descriptor 3 is the worker's end of a life pipe (child_process.h): when it ends,
// the node is gone, however it went, and the worker ends too.  The other way, a worker whose
// films move writes a byte each second: one that has long written none hangs as a whole (it
// was stopped, its disk does not answer, it never came up) and is killed.
//
// When a worker ends, its leases are given back at once, so that its films go to
// the next one without waiting for them to run out.

#ifndef CAMNODE_SERVICES_NODE_WORKER_SUPERVISOR_H_
#define CAMNODE_SERVICES_NODE_WORKER_SUPERVISOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/storage/job_queue.h"
#include "services/settings/worker_settings.h"

namespace camnode {

struct WorkerSupervisorOptions {
  std::string program;                 // Path of camnode-worker.
  std::vector<std::string> arguments;  // Before --name and --life-pipe.
  // "NAME=value" for its environment, unless the node's own has the name.
  std::vector<std::string> environment;
  std::string node_id;  // Of the node, before the names of its workers.
  int count = WorkerSettings().count;
  // Wait before a worker that ended is started again.
  absl::Duration restart_delay = absl::Milliseconds(100);
  // A worker that lived shorter than this waits twice as long as the time before,
  // at most max_restart_delay; otherwise restart_delay again.
  absl::Duration short_life = absl::Seconds(5);
  absl::Duration max_restart_delay = absl::Seconds(10);
  // A worker that gives no sign of life for so long is killed, and counts as stalled.  Time in
  // which this process did not run itself does not count.
  absl::Duration max_silence = WorkerSettings().max_silence;
  // How long Stop waits between SIGTERM and SIGKILL.
  absl::Duration stop_timeout = absl::Seconds(15);
};

// The name a worker's leases carry: "3f9a12cd04be/worker-0", so that a node gives back its
// own workers' and no others.
std::string WorkerName(const std::string& node_id, int number);

// What a wait status (waitpid) says about how a worker ended: kStopped for SIGKILL,
// SIGTERM, SIGINT, SIGHUP and the exit codes that blame no film, kStalled for the one that does,
// otherwise kCrashed.
WorkerEnd EndOf(int wait_status);

// Path of `name` in the folder of this program's own file.
// Errors: kNotFound if it is not there or not executable.
absl::StatusOr<std::string> FindSiblingProgram(const std::string& name);

// Thread-safe.
class WorkerSupervisor {
 public:
  // Called when a worker has ended, before it is started again: returns its leases.  By several
  // threads at once; again and again while it fails, because a lease that is left to run out is
  // charged to its film.
  using OnEnd = std::function<absl::Status(const std::string& name, WorkerEnd end)>;

  WorkerSupervisor(const WorkerSupervisorOptions& options, OnEnd on_end);
  // As Stop.
  ~WorkerSupervisor();

  // One thread per worker starts it and waits for its end.
  void Start();

  // SIGTERM to every worker; SIGKILL to those that live after stop_timeout.
  // Returns when all have ended and given back their leases.
  void Stop();

  // Of the workers that live now.
  std::vector<int> Pids() const;
  // How often a worker was started again, since Start.
  int64_t restarts() const;

 private:
  class Worker;

  absl::Duration stop_timeout_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_WORKER_SUPERVISOR_H_
