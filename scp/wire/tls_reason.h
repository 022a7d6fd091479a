// What went wrong in a TLS connection, in sentences that tell an operator what to do.

#ifndef CAMNODE_SCP_WIRE_TLS_REASON_H_
#define CAMNODE_SCP_WIRE_TLS_REASON_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <string>

#include "scp/wire/tls_role.h"

namespace camnode {

struct TlsFailure {
  std::string reason;
  bool peer_closed = false;  // Nothing wrong with TLS: the connection ended.
};

// Of the call that just failed, from OpenSSL's error queue, which is emptied.
// `handshaken`: whether the handshake was over.
TlsFailure ExplainTlsFailure(SSL* ssl, TlsRole role, bool handshaken);

// For a first byte that no TLS client sends.
std::string NotTlsReason(uint8_t first_byte);

// The first error in OpenSSL's queue, which is emptied, in OpenSSL's words.
std::string TakeOpenSslError();

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_TLS_REASON_H_
