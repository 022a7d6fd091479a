#include "services/ctl/session.h"

#include <cstdint>
#include <utility>

#include "absl/random/random.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/stopwatch.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "services/command_line/command_line.h"
#include "services/ctl/text.h"

namespace camnode {
namespace {

// A rendered overlay is far larger than gRPC's usual 4 MiB.
constexpr int kMaxAnswerBytes = 64 << 20;

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxAnswerBytes);
  // The node is in this house: http_proxy in the environment is not meant for it.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

CtlSession::CtlSession(Arguments arguments, std::string address, std::ostream& out,
                       std::ostream& error)
    : arguments_(std::move(arguments)),
      address_(std::move(address)),
      zone_(absl::LocalTimeZone()),
      out_(out),
      error_(error),
      channel_(Connect(address_)),
      results_(v1::ResultsService::NewStub(channel_)),
      admin_(v1::AdminService::NewStub(channel_)) {}

absl::Duration CtlSession::TimeoutOr(absl::Duration default_timeout) const {
  return arguments_.Has("timeout") ? absl::Seconds(arguments_.Number("timeout")) : default_timeout;
}

void CtlSession::SetDeadline(grpc::ClientContext& context, absl::Duration default_timeout) const {
  context.set_deadline(Deadline(TimeoutOr(default_timeout)).AsDate());
}

CtlExit CtlSession::Fail(const grpc::Status& status, absl::string_view what) {
  const std::string words = ErrorInWords(status, address_);
  return Fail(what.empty() ? words : absl::StrCat(what, ": ", words), ExitCodeFor(status));
}

CtlExit CtlSession::Fail(absl::string_view sentence, CtlExit code) {
  out_.flush();
  PrintError(error_, "camnodectl", sentence);
  return code;
}

void CtlSession::Print(const google::protobuf::Message& message, absl::string_view text) {
  if (arguments_.Has("json")) {
    out_ << JsonLine(message);
  } else {
    out_ << text;
  }
  out_.flush();
}

std::string RandomUuid() {
  absl::BitGen random;
  const uint64_t high = (absl::Uniform<uint64_t>(random) & ~uint64_t{0xf000}) | uint64_t{0x4000};
  const uint64_t low =
      (absl::Uniform<uint64_t>(random) & ~(uint64_t{3} << 62)) | (uint64_t{2} << 62);
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, (high >> 16) & 0xffff,
                         high & 0xffff, low >> 48, low & ((uint64_t{1} << 48) - 1));
}

v1::MediaType MediaTypeOf(absl::string_view first_bytes) {
  if (absl::StartsWith(first_bytes, "\x89PNG\r\n\x1a\n")) return v1::MEDIA_TYPE_PNG;
  if (absl::StartsWith(first_bytes, "\xff\xd8\xff")) return v1::MEDIA_TYPE_JPEG;
  return v1::MEDIA_TYPE_DICOM;
}

}  // namespace camnode
