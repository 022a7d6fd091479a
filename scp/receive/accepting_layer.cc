#include "scp/receive/accepting_layer.h"

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scp/wire/tls_credentials.h"
#include "scp/wire/tls_role.h"
#include "scp/wire/tls_stream.h"

namespace camnode {
namespace {

thread_local Handshake* current_handshake = nullptr;

}  // namespace

std::string Handshake::Reason(absl::string_view otherwise) const {
  if (made_to_leave) {
    return "made to leave: another wanted in, nearly all threads or all connections of this "
           "address were held, and this one was the longest without an association";
  }
  return std::string(failure.ok() ? otherwise : failure.message());
}

void AcceptingLayer::SetHandshake(Handshake* handshake) { current_handshake = handshake; }

DcmTransportConnection* AcceptingLayer::createConnection(DcmNativeSocketType socket, OFBool) {
  Handshake& handshake = *current_handshake;
  handshake.connected = true;
  handshake.address = PeerAddressOf(socket);
  std::unique_ptr<TlsStream> tls;
  if (tls_ != nullptr) {
    absl::StatusOr<std::unique_ptr<TlsStream>> made = tls_->NewStream(TlsRole::kServer, socket, "");
    if (!made.ok()) {
      handshake.failure = made.status();
      return nullptr;  // DCMTK closes the socket.
    }
    tls = *std::move(made);
  }
  const ConnectionCensus::Entry entry = census_.Enter(
      handshake.address, policy_.KnowsAddress(handshake.address), socket, &handshake.made_to_leave);
  handshake.verdict = entry.verdict;
  if (entry.verdict == CensusVerdict::kClose) {
    handshake.failure = absl::ResourceExhaustedError("too many connections from this address");
    return nullptr;
  }
  GuardedConnectionOptions options;
  options.idle_timeout = options_.settings.idle_timeout;
  options.guard.max_data_pdu_bytes = static_cast<uint32_t>(options_.settings.max_pdu_bytes);
  options.stop = &stop_;
  options.failure = &handshake.failure;
  auto* connection = new CountedConnection(socket, options, std::move(tls), census_, entry.ticket);
  connection->SetDeadline(options_.settings.association_request_timeout);
  return connection;
}

}  // namespace camnode
