// The gRPC server with its limits: threads, connections, message sizes, keep-alive.

#ifndef CAMNODE_SERVICES_API_GRPC_SERVER_H_
#define CAMNODE_SERVICES_API_GRPC_SERVER_H_

#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/api/connection_door.h"
#include "services/settings/grpc_settings.h"

namespace camnode {

class GrpcServer {
 public:
  // Listens and serves.  Borrows the services, which outlive it.
  // Errors: kFailedPrecondition if address or port cannot be had.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const GrpcSettings& settings, const std::vector<grpc::Service*>& services);
  // As Stop without patience.
  ~GrpcServer();

  int port() const { return door_->port(); }
  // grpc.health.v1; lives as long as the server.
  grpc::HealthCheckServiceInterface* health() { return server_->GetHealthCheckService(); }

  // No new calls; those under way are cancelled after `patience`.  Returns when all
  // have ended.
  void Stop(absl::Duration patience);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::unique_ptr<ConnectionDoor> door)
      : server_(std::move(server)), door_(std::move(door)) {}

  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<ConnectionDoor> door_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_GRPC_SERVER_H_
