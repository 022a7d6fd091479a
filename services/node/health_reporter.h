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
#include <string>
#include <thread>
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
  // OK: serving; otherwise why not.  Called by the reporter's thread.
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

// kUnavailable unless a worker said within `max_age` that it is ready.
absl::Status CheckWorkers(WorkerRegistry& workers, const Clock& clock, absl::Duration max_age);

// Thread-safe.
class HealthReporter {
 public:
  // Nothing serves before the first check.  What the checks borrow outlives Stop.
  explicit HealthReporter(std::vector<HealthPart> parts);
  // As Stop.
  ~HealthReporter();

  // Where statuses are sent, too; outlives Stop.  Called before Start.
  void ReportTo(grpc::HealthCheckServiceInterface* service);

  // Checks all parts every second on a thread of its own.
  void Start();
  // Checks all parts now.
  void Check();
  // Everything is NOT_SERVING from now on: the node drains.
  void StartDraining();
  void Stop();

  HealthReport Report() const;

 private:
  void Run();
  void Publish(const HealthReport& report) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::vector<HealthPart> parts_;
  grpc::HealthCheckServiceInterface* service_ = nullptr;

  mutable Mutex mutex_;
  CondVar changed_;
  HealthReport report_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_HEALTH_REPORTER_H_
