#include "services/ctl/health.h"

#include "google/protobuf/unknown_field_set.h"
#include "grpcpp/client_context.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"

namespace camnode {
namespace {

constexpr int kServiceField = 1;  // HealthCheckRequest.service
constexpr int kStatusField = 1;   // HealthCheckResponse.status

grpc::ByteBuffer ToByteBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

Health ParseHealth(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  google::protobuf::UnknownFieldSet fields;
  if (!buffer.TrySingleSlice(&slice).ok() && !buffer.DumpToSingleSlice(&slice).ok()) {
    return Health::kUnknown;
  }
  if (!fields.ParseFromArray(slice.begin(), static_cast<int>(slice.size()))) {
    return Health::kUnknown;
  }
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& field = fields.field(i);
    if (field.number() != kStatusField ||
        field.type() != google::protobuf::UnknownField::TYPE_VARINT) {
      continue;
    }
    if (field.varint() == 1) return Health::kServing;
    if (field.varint() == 2) return Health::kNotServing;
  }
  return Health::kUnknown;
}

}  // namespace

grpc::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, const std::string& part,
                         const Deadline& deadline, Health* health) {
  google::protobuf::UnknownFieldSet request;
  if (!part.empty()) request.AddLengthDelimited(kServiceField, part);
  std::string bytes;
  request.SerializeToString(&bytes);

  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  context.set_deadline(deadline.AsDate());
  const auto call =
      stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", ToByteBuffer(bytes), &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);  // Ends at the deadline at the latest.
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  if (status.ok()) *health = ParseHealth(answer);
  return status;
}

}  // namespace camnode
