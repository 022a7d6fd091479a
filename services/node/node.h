// The node: everything it is made of, in the order it is made, and how it starts
// and stops.  The one place where scp and the gRPC services meet.

#ifndef CAMNODE_SERVICES_NODE_NODE_H_
#define CAMNODE_SERVICES_NODE_NODE_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/metrics.h"
#include "core/intake/film_adopter.h"
#include "core/intake/ingest.h"
#include "core/models/model_repository.h"
#include "core/storage/blob_names.h"
#include "core/storage/event_history.h"
#include "core/storage/job_queue.h"
#include "core/storage/node_lock.h"
#include "core/storage/storage_probe.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/association_acceptor.h"
#include "scp/send/delivery_metrics.h"
#include "scp/send/destination.h"
#include "scp/send/outbox_sender.h"
#include "scp/wire/tls_credentials.h"
#include "services/api/admin_service.h"
#include "services/api/event_hub.h"
#include "services/api/grpc_server.h"
#include "services/api/results_service.h"
#include "services/api/rpc_observer.h"
#include "services/config/config.h"
#include "services/node/blob_janitor.h"
#include "services/node/data_directory.h"
#include "services/node/database_upkeep.h"
#include "services/node/health_reporter.h"
#include "services/node/http_server.h"
#include "services/node/open_store.h"
#include "services/node/service_manager.h"
#include "services/node/stop_sequence.h"
#include "services/node/storage_figures.h"
#include "services/node/stores.h"
#include "services/node/worker_supervisor.h"

namespace camnode {

// Used by one thread.
class Node {
 public:
  // Opens everything, listens, starts the workers.  What it says on an error is one
  // sentence that names the option to change.  `manager` is told when the node is ready, alive
  // and stopping.
  static absl::StatusOr<std::unique_ptr<Node>> Start(
      const Config& config, const ServiceManager& manager = ServiceManager(""));
  // As Stop, unless that was called, within config.node.stop_timeout; a part that hangs then
  // ends the process.
  ~Node();

  const NodePorts& ports() const { return ports_; }

  // Reads the certificate files again and logs how that went; open associations go
  // on.  After an error the old certificates stay.
  void ReloadCertificates();

  // Drains: not healthy any more, no new associations, workers end, objects under
  // way are sent, calls under way end; then everything stops.  If `sequence` is not complete
  // afterwards a part hangs, and the node must not be destroyed.
  void Stop(StopSequence& sequence);

 private:
  Node(const Config& config, OpenedStore store, std::unique_ptr<TlsCredentials> tls,
       const SharedModels& models, const ServiceManager& manager);

  absl::Status ReturnLeasesOfPredecessor();
  absl::Status StartParts();
  absl::Status StartWorkers();
  // After the end of a worker: its record is removed, its leases are given back.
  absl::Status SettleWorker(const std::string& name, WorkerEnd end);
  std::vector<HealthPart> HealthParts();
  absl::Status CheckStorage();

  // In the order of construction: whoever uses another comes after it.
  const Config config_;
  const ServiceManager manager_;
  DataDirectory directory_;
  const std::string node_id_;
  const std::string store_id_;
  const std::unique_ptr<NodeLock> lock_;  // Given up after all below is gone.
  NodeStores stores_;
  const std::unique_ptr<EventHistory> history_;
  StorageFiguresReader figures_;
  MetricRegistry metrics_;
  RpcObserver observer_;
  PeerPolicy policy_;
  DestinationDirectory destinations_;
  Ingest ingest_;
  EventHub hub_;
  DatabaseUpkeep upkeep_;
  HealthReporter health_;
  ResultsService results_service_;
  BlobNames blob_names_;
  FilmAdopter adopter_;
  AdminService admin_service_;
  StorageProbe storage_probe_;  // The health reporter's thread's own.
  BlobJanitor janitor_;
  const std::unique_ptr<TlsCredentials> tls_;  // nullptr: no TLS.
  AcceptorMetrics acceptor_metrics_;
  AssociationAcceptor acceptor_;
  DeliveryMetrics delivery_metrics_;
  OutboxSender sender_;
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<WorkerSupervisor> supervisor_;

  NodePorts ports_;
  std::atomic<bool> receiving_{false};
  std::atomic<bool> sending_{false};
  bool stopped_ = false;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_NODE_H_
