// Also: connection_door.

#include "services/api/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

class GrpcServerTest : public ServiceTest {
 protected:
  std::unique_ptr<GrpcServer> Serve(bool reflection) {
    GrpcSettings options;
    options.port = 0;
    options.reflection = reflection;
    return GrpcServer::Start(options, {&service_}).value();
  }

  // A unary call with an empty request to any method there may be.
  static grpc::StatusCode Call(int port, const std::string& method) {
    grpc::GenericStub stub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice nothing("");
    const grpc::ByteBuffer request(&nothing, 1);
    const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    int tag = 0;
    call->Finish(&response, &status, &tag);
    void* got = nullptr;
    bool ok = false;
    queue.Next(&got, &ok);
    return status.error_code();
  }

  v1::AdminService::Service service_;
};

constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

TEST_F(GrpcServerTest, ToolsCanAskWhatThereIsToCall) {
  EXPECT_NE(Call(Serve(true)->port(), kReflection), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, ReflectionThatIsSwitchedOffIsNotThere) {
  EXPECT_EQ(Call(Serve(false)->port(), kReflection), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, AnswersWhetherTheNodeServes) {
  const std::unique_ptr<GrpcServer> server = Serve(true);
  server->health()->SetServingStatus("", true);

  // An empty request asks for the part called "".
  EXPECT_EQ(Call(server->port(), "/grpc.health.v1.Health/Check"), grpc::StatusCode::OK);
}

TEST_F(GrpcServerTest, ATakenPortIsAnErrorAndNotShared) {
  const std::unique_ptr<GrpcServer> first = Serve(true);
  GrpcSettings options;
  options.port = first->port();

  EXPECT_THAT(GrpcServer::Start(options, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the port is taken")));
}

// A connection without a call.
class IdleConnection {
 public:
  explicit IdleConnection(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~IdleConnection() { close(socket_); }

  // True if the server greets (HTTP/2's SETTINGS), false if it closes.
  bool IsLetIn() {
    char byte = 0;
    return recv(socket_, &byte, 1, 0) == 1;
  }

 private:
  int socket_;
};

TEST_F(GrpcServerTest, IdleConnectionsBeyondTheLimitAreClosedAndMakeRoomWhenTheyEnd) {
  GrpcSettings options;
  options.port = 0;
  options.max_connections = 3;
  const std::unique_ptr<GrpcServer> server = GrpcServer::Start(options, {&service_}).value();
  std::vector<std::unique_ptr<IdleConnection>> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(std::make_unique<IdleConnection>(server->port()));
    EXPECT_TRUE(idle.back()->IsLetIn());
  }
  EXPECT_FALSE(IdleConnection(server->port()).IsLetIn());

  idle.pop_back();
  // gRPC closes its end a moment later.
  while (!IdleConnection(server->port()).IsLetIn()) {
  }
  while (Call(server->port(), kReflection) == grpc::StatusCode::UNAVAILABLE) {
  }
}

TEST_F(GrpcServerTest, AMessageBeyondTheLimitIsRefused) {
  grpc::ClientContext context;
  v1::GetStudyRequest request;
  request.set_study_instance_uid(std::string(3 << 20, '1'));
  v1::GetStudyResponse response;

  EXPECT_EQ(results_->GetStudy(&context, request, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace camnode
