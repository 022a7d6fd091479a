// TLS over a socket that somebody else waits for: every call does what can be done
// at once and says what to wait for.

#ifndef CAMNODE_SCP_WIRE_TLS_STREAM_H_
#define CAMNODE_SCP_WIRE_TLS_STREAM_H_

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "scp/wire/tls_role.h"

namespace camnode {

// Used by one thread.
class TlsStream {
 public:
  enum class Result {
    kDone,
    kWantsToRead,   // Again, once the socket is readable.
    kWantsToWrite,  // Again, once it is writable.
    kClosed,        // By the peer.
    kFailed,        // See reason().
  };

  // Takes over `ssl`; borrows the connected socket, whose mode does not matter.
  // nullptr if there is no memory for it.
  static std::unique_ptr<TlsStream> Make(SSL* ssl, int socket, TlsRole role);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Result Handshake();
  // `*moved`: how many bytes, at least one with kDone.
  Result Read(void* buffer, size_t size, size_t* moved);
  Result Write(const void* buffer, size_t size, size_t* moved);
  // kDone: Read would give at least one byte now.
  Result Peek();

  // The names in the certificate that the peer has shown and that was verified: its common name and
  // the DNS names of its alternative names, as they stand there, at most 100.  Empty before the end
  // of the handshake, and if it showed none.
  std::vector<std::string> PeerNames() const;

  // Says goodbye if that can be said at once.
  void Close();

  // Of the last kFailed or kClosed, and what to do about it; in our words alone.
  const std::string& reason() const { return reason_; }

 private:
  TlsStream(SSL* ssl, int socket, TlsRole role);
  // What the call that returned `code` meant.
  Result Settle(int code);
  // A peer that speaks something else is recognised by its first byte.
  Result CheckFirstByte();

  SSL* const ssl_;
  const int socket_;
  const TlsRole role_;
  bool first_byte_seen_ = false;
  bool handshaken_ = false;  // OpenSSL forgets it at the first failure.
  // Of the first failure: OpenSSL forbids any further call.
  bool failed_ = false;
  Result failure_ = Result::kFailed;
  std::string reason_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_TLS_STREAM_H_
