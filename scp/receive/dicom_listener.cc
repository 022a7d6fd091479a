#include "scp/receive/dicom_listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace camnode {
namespace {

constexpr int kListenBacklog = 256;

}  // namespace

absl::Status DicomListener::Open(int port) {
  const int timeout_s = static_cast<int>(absl::ToInt64Seconds(absl::Ceil(
                            options_.settings.association_request_timeout, absl::Seconds(1)))) +
                        1;
  const OFCondition condition = ASC_initializeNetwork(NET_ACCEPTOR, port, timeout_s, &network_);
  if (condition.bad()) {
    network_ = nullptr;
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on DICOM port ", port, ": ", condition.text()));
  }
  ASC_setTransportLayer(network_, &layer_, /*takeoverOwnership=*/0);
  socket_ = DUL_networkSocket(network_->network);
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  fcntl(socket_, F_SETFD, FD_CLOEXEC);
  listen(socket_, kListenBacklog);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  return absl::OkStatus();
}

void DicomListener::Close() {
  if (network_ != nullptr) ASC_dropNetwork(&network_);
  network_ = nullptr;
  socket_ = -1;
}

OFCondition DicomListener::Receive(Handshake& handshake, T_ASC_Association** association) {
  AcceptingLayer::SetHandshake(&handshake);
  const OFCondition condition = ASC_receiveAssociation(
      network_, association, options_.settings.max_pdu_bytes, nullptr, nullptr,
      /*useSecureLayer=*/OFFalse, DUL_NOBLOCK, /*timeout=*/0);
  AcceptingLayer::SetHandshake(nullptr);
  return condition;
}

}  // namespace camnode
