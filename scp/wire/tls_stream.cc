#include "scp/wire/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>

#include "scp/wire/certificate_names.h"
#include "scp/wire/tls_reason.h"

namespace camnode {
namespace {

constexpr uint8_t kHandshakeRecord = 0x16;

int SocketOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// OpenSSL's own socket BIO would raise SIGPIPE, and block unless the socket's mode
// were changed under DCMTK's feet.
int ReadSocket(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = recv(SocketOf(bio), buffer, static_cast<size_t>(size), MSG_DONTWAIT);
  if (got < 0 && WouldBlock()) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

int WriteSocket(BIO* bio, const char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t put =
      send(SocketOf(bio), buffer, static_cast<size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (put < 0 && WouldBlock()) BIO_set_retry_write(bio);
  return static_cast<int>(put);
}

long ControlSocket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* SocketMethod() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "camnode socket");
    BIO_meth_set_read(made, ReadSocket);
    BIO_meth_set_write(made, WriteSocket);
    BIO_meth_set_ctrl(made, ControlSocket);
    return made;
  }();
  return method;
}

int Clamp(size_t size) { return static_cast<int>(std::min<size_t>(size, INT_MAX)); }

}  // namespace

std::unique_ptr<TlsStream> TlsStream::Make(SSL* ssl, int socket, TlsRole role) {
  BIO* bio = BIO_new(SocketMethod());
  if (bio == nullptr) {
    SSL_free(ssl);
    return nullptr;
  }
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(socket)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return std::unique_ptr<TlsStream>(new TlsStream(ssl, socket, role));
}

TlsStream::TlsStream(SSL* ssl, int socket, TlsRole role) : ssl_(ssl), socket_(socket), role_(role) {
  role == TlsRole::kServer ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
  SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                        SSL_MODE_RELEASE_BUFFERS);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Result TlsStream::CheckFirstByte() {
  uint8_t first = 0;
  const ssize_t got = recv(socket_, &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got < 0 && WouldBlock()) return Result::kWantsToRead;
  first_byte_seen_ = true;
  if (got <= 0 || first == kHandshakeRecord) return Result::kDone;
  failed_ = true;
  reason_ = NotTlsReason(first);
  return Result::kFailed;
}

TlsStream::Result TlsStream::Handshake() {
  if (failed_) return failure_;
  if (role_ == TlsRole::kServer && !first_byte_seen_) {
    const Result first = CheckFirstByte();
    if (first != Result::kDone) return first;
  }
  ERR_clear_error();
  const Result result = Settle(SSL_do_handshake(ssl_));
  handshaken_ = result == Result::kDone;
  return result;
}

TlsStream::Result TlsStream::Read(void* buffer, size_t size, size_t* moved) {
  *moved = 0;
  if (failed_) return failure_;
  ERR_clear_error();
  const int code = SSL_read(ssl_, buffer, Clamp(size));
  *moved = code > 0 ? static_cast<size_t>(code) : 0;
  return Settle(code);
}

TlsStream::Result TlsStream::Write(const void* buffer, size_t size, size_t* moved) {
  *moved = 0;
  if (failed_) return failure_;
  ERR_clear_error();
  const int code = SSL_write(ssl_, buffer, Clamp(size));
  *moved = code > 0 ? static_cast<size_t>(code) : 0;
  return Settle(code);
}

TlsStream::Result TlsStream::Peek() {
  if (failed_) return failure_;
  char byte = 0;
  ERR_clear_error();
  return Settle(SSL_peek(ssl_, &byte, 1));
}

TlsStream::Result TlsStream::Settle(int code) {
  if (code > 0) return Result::kDone;
  switch (SSL_get_error(ssl_, code)) {
    case SSL_ERROR_WANT_READ:
      return Result::kWantsToRead;
    case SSL_ERROR_WANT_WRITE:
      return Result::kWantsToWrite;
    case SSL_ERROR_ZERO_RETURN:
      reason_ = "peer closed the connection";
      return Result::kClosed;
    default:
      break;
  }
  failed_ = true;
  const TlsFailure failure = ExplainTlsFailure(ssl_, role_, handshaken_);
  reason_ = failure.reason;
  failure_ = failure.peer_closed ? Result::kClosed : Result::kFailed;
  return failure_;
}

std::vector<std::string> TlsStream::PeerNames() const {
  const X509* const certificate = handshaken_ ? SSL_get0_peer_certificate(ssl_) : nullptr;
  if (certificate == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return {};
  return NamesInCertificate(certificate);
}

void TlsStream::Close() {
  if (failed_ || !handshaken_) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

}  // namespace camnode
