#include "services/node/start_wait.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "services/api/grpc_server.h"
#include "services/node/health_reporter.h"
#include "services/node/http_server.h"

namespace camnode {
namespace {

constexpr absl::Duration kBetweenTries = absl::Seconds(1);
constexpr char kStoragePart[] = "camnode.storage";
constexpr char kWaiting[] = "waiting for the database; the log says what it answers";

// A file that cannot be opened is a mistake to be mended; a server comes back by itself.
bool IsServer(const std::string& uri) { return !absl::StartsWith(uri, "sqlite:"); }

// Answers whoever asks for health, with nothing behind it.
class WaitingRoom {
 public:
  absl::Status Open(const Config& config) {
    absl::StatusOr<std::unique_ptr<GrpcServer>> server = GrpcServer::Start(config.grpc, {});
    if (!server.ok()) return Annotate(server.status(), "grpc.port");
    grpc_ = *std::move(server);
    grpc_->health()->SetServingStatus("", false);
    grpc_->health()->SetServingStatus(kStoragePart, false);
    if (config.http.port < 0) return absl::OkStatus();
    http_ = std::make_unique<HttpServer>(
        config.http,
        [] {
          return HealthReport{false, {{kStoragePart, false, kWaiting}}};
        },
        [] { return std::string("camnode_part_serving{part=\"camnode.storage\"} 0\n"); });
    return Annotate(http_->Start(), "http.port");
  }

 private:
  std::unique_ptr<GrpcServer> grpc_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

absl::StatusOr<OpenedStore> OpenStoreOrWait(const Config& config) {
  std::unique_ptr<WaitingRoom> room;
  std::string told;
  while (true) {
    absl::StatusOr<OpenedStore> opened = OpenStore(config);
    if (opened.ok()) return opened;
    if (!absl::IsUnavailable(opened.status()) || !IsServer(config.database_uri)) {
      return opened;
    }
    if (opened.status().message() != told) {
      told = std::string(opened.status().message());
      Log(LogLevel::kWarning, "waiting_for_database", {{LogField::kReason, told}});
    }
    if (room == nullptr) {
      room = std::make_unique<WaitingRoom>();
      CAMNODE_RETURN_IF_ERROR(room->Open(config));
    }
    absl::SleepFor(kBetweenTries);
  }
}

}  // namespace camnode
