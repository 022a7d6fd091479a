// Which parts of the node work, for grpc.health.v1 and /healthz.
//
// Names: "" (the node as a whole), "camnode.dicom", "camnode.storage",
// "camnode.worker", "camnode.outbox", "camnode.sweep", "camnode.v1.ResultsService".
// The whole is serving when all parts are that receiving and answering need; a worker
// is not one of them: without it films are received and wait.

#ifndef CAMNODE_SERVICES_NODE_HEALTH_REPORTER_H_
#define CAMNODE_SERVICES_NODE_HEALTH_REPORTER_H_

#include <grpcpp/health_check_service_interface.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/storage/worker_registry.h"

namespace camnode {

struct HealthPart {
  std::string name;
  bool essential = true;  // Counts for the whole.
  // OK: serving; otherwise why not.  Called by a thread of its own; may take its time, and
  // while it does the part does not serve.
  std::function<absl::Status()> check;
};

struct PartHealth {
  std::string name;
  bool serving = false;
  std::string reason;  // Empty if serving.
};

struct HealthReport {
  bool serving = false;  // The whole.
  std::vector<PartHealth> parts;
};

// kUnavailable unless a worker said within `max_silence` that it is ready, and no step of its
// films takes longer than `max_step`.
absl::Status CheckWorkers(WorkerRegistry& workers, absl::Duration max_silence,
                          absl::Duration max_step);

// From the end of one check of a part to the beginning of the next.
inline constexpr absl::Duration kCheckInterval = absl::Seconds(2);
// Three intervals: a check that takes longer hangs, and what it said last is too old to be told.
inline constexpr absl::Duration kCheckHangs = absl::Seconds(6);

// Each part has a thread, so that a check that hangs (a disk, a database that answers nobody)
// keeps neither the others nor whoever asks.  Thread-safe.
class HealthReporter {
 public:
  // Nothing serves before the first check.  What the checks borrow outlives Stop, as `clock`
  // does.
  explicit HealthReporter(std::vector<HealthPart> parts, const Clock& clock = SystemClock());
  // As Stop.
  ~HealthReporter();

  // Where statuses are sent, too; outlives Stop.  Called before Start.
  void ReportTo(grpc::HealthCheckServiceInterface* service);

  // Called every second by the reporter's thread, but not while a check hangs.  Called before
  // Start.
  void AfterEachRound(std::function<void()> call) { after_round_ = std::move(call); }

  // Checks every part at once and then at each interval.
  void Start();
  // Checks all parts now, on the caller's thread.
  void Check();
  // Sends what has changed since the last time, hanging checks included.  Start does so
  // every second.
  void Publish();
  // Everything is NOT_SERVING from now on: the node drains.
  void StartDraining();
  // Waits for the checks under way, and so for ever for one that hangs.
  void Stop();

  // As of now: a check that hangs shows, whatever it said before.  Never waits for a check.
  HealthReport Report() const;

 private:
  struct Part;

  void RunPart(Part& part);
  void RunPublisher();
  // False if it is to stop.
  bool Pause(absl::Duration duration);
  void CheckOne(Part& part);
  HealthReport MakeReport() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Hangs(const Part& part) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool AnyHangs() const;
  void PublishLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  grpc::HealthCheckServiceInterface* service_ = nullptr;
  std::function<void()> after_round_;

  mutable Mutex mutex_;
  CondVar changed_;
  // What is in them is guarded by mutex_, but for the part's own check.
  std::vector<std::unique_ptr<Part>> parts_;
  HealthReport published_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_HEALTH_REPORTER_H_
