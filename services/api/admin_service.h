// camnode.v1.AdminService: looking after the node.

#ifndef CAMNODE_SERVICES_API_ADMIN_SERVICE_H_
#define CAMNODE_SERVICES_API_ADMIN_SERVICE_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "core/intake/film_adopter.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/oldest_unfinished.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"
#include "core/storage/worker_registry.h"
#include "proto/camnode/v1/admin.grpc.pb.h"
#include "services/api/analysis_lookup.h"
#include "services/api/rpc_observer.h"

namespace camnode {

// Borrowed by the service; all outlive it.
struct AdminServiceParts {
  InstanceStore& instances;
  Quarantine& quarantine;
  ResultStore& results;
  JobQueue& jobs;
  OldestUnfinished& oldest_unfinished;
  Outbox& outbox;
  WorkerRegistry& workers;
  BlobStore& blobs;
  FilmAdopter& adopter;
  RpcObserver& observer;
};

// Thread-safe: gRPC calls it from its threads.
class AdminService final : public v1::AdminService::Service {
 public:
  explicit AdminService(const AdminServiceParts& parts);

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::GetStatusResponse* response) override;
  grpc::Status ListBuriedInstances(grpc::ServerContext* context,
                                   const v1::ListBuriedInstancesRequest* request,
                                   v1::ListBuriedInstancesResponse* response) override;
  grpc::Status RequeueJob(grpc::ServerContext* context, const v1::RequeueJobRequest* request,
                          v1::RequeueJobResponse* response) override;
  grpc::Status RequeueDelivery(grpc::ServerContext* context,
                               const v1::RequeueDeliveryRequest* request,
                               v1::RequeueDeliveryResponse* response) override;
  grpc::Status ListQuarantinedInstances(grpc::ServerContext* context,
                                        const v1::ListQuarantinedInstancesRequest* request,
                                        v1::ListQuarantinedInstancesResponse* response) override;
  grpc::Status RemoveQuarantinedInstance(grpc::ServerContext* context,
                                         const v1::RemoveQuarantinedInstanceRequest* request,
                                         v1::RemoveQuarantinedInstanceResponse* response) override;
  grpc::Status AdoptFilms(grpc::ServerContext* context, const v1::AdoptFilmsRequest* request,
                          v1::AdoptFilmsResponse* response) override;

 private:
  absl::Status Status(v1::GetStatusResponse* response);
  absl::Status Buried(const v1::ListBuriedInstancesRequest& request,
                      v1::ListBuriedInstancesResponse* response);
  absl::Status Quarantined(const v1::ListQuarantinedInstancesRequest& request,
                           v1::ListQuarantinedInstancesResponse* response);
  absl::Status RemoveQuarantined(const v1::RemoveQuarantinedInstanceRequest& request);

  absl::Status Adopt(grpc::ServerContext& context, const v1::AdoptFilmsRequest& request,
                     v1::AdoptFilmsResponse* response);

  // Requests that were carried out, so that one repeated after a lost answer
  // succeeds.  The last thousand, since start.
  bool WasDone(const std::string& request_id, int64_t subject);
  void RememberDone(const std::string& request_id, int64_t subject);

  const AdminServiceParts parts_;
  AnalysisLookup lookup_;
  std::atomic<bool> adopting_{false};
  Mutex mutex_;
  std::deque<std::pair<std::string, int64_t>> done_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_ADMIN_SERVICE_H_
