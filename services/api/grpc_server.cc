#include "services/api/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/impl/server_builder_option.h>
#include <grpcpp/impl/server_builder_plugin.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// A chunk of 1 MiB and what surrounds it.
constexpr int kMaxRequestBytes = 2 << 20;
constexpr std::size_t kMaxBufferBytes = std::size_t{512} << 20;
constexpr int kMaxStreamsPerConnection = 100;
constexpr int kKeepAliveMs = 60'000;  // A watcher whose machine vanished is noticed.
constexpr int kKeepAliveTimeoutMs = 20'000;
constexpr int kMinPingIntervalMs = 10'000;
// Without a call; a client connects again by itself when it has one.
constexpr int kMaxIdleMs = 300'000;
// From TCP accept to the end of HTTP/2's greeting.
constexpr int kMaxHandshakeMs = 10'000;

// Linking reflection switches it on for every server; this takes it out again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    const auto is_reflection = [](const std::unique_ptr<grpc::ServerBuilderPlugin>& plugin) {
      return absl::StrContains(plugin->name(), "reflection");
    };
    plugins->erase(std::remove_if(plugins->begin(), plugins->end(), is_reflection), plugins->end());
  }
};

void SetLimits(const GrpcSettings& settings, grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("camnode");
  quota.SetMaxThreads(settings.max_threads);
  quota.Resize(kMaxBufferBytes);
  builder->SetResourceQuota(quota);
  builder->SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  builder->SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepAliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kMinPingIntervalMs);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMaxIdleMs);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kMaxHandshakeMs);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const GrpcSettings& settings, const std::vector<grpc::Service*>& services) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(settings, &builder);
  if (!settings.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  CAMNODE_ASSIGN_OR_RETURN(
      std::unique_ptr<ConnectionDoor> door,
      ConnectionDoor::Open(settings.address, settings.port, settings.max_connections));
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return absl::InternalError("the gRPC server does not start");
  door->LetIn(std::move(acceptor));
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(server), std::move(door)));
}

GrpcServer::~GrpcServer() { Stop(absl::ZeroDuration()); }

void GrpcServer::Stop(absl::Duration patience) {
  door_->Close();
  server_->Shutdown(Deadline(patience).AsDate());
  server_->Wait();
}

}  // namespace camnode
