// A connection, plain or by TLS, that DCMTK reads and writes through, and that ends
// when the peer is too slow, says nothing, says something dangerous, or we stop.
//
// DCMTK waits for single reads only, so a peer that sends a byte now and then
// would hold a thread for ever; here every read also obeys an absolute deadline.

#ifndef CAMNODE_SCP_WIRE_GUARDED_CONNECTION_H_
#define CAMNODE_SCP_WIRE_GUARDED_CONNECTION_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/dcmtrans.h"
#include "scp/wire/pdu_guard.h"
#include "scp/wire/stop_signal.h"
#include "scp/wire/tls_stream.h"

namespace camnode {

struct GuardedConnectionOptions {
  // Longest wait for the next byte, in and out.  Always given.
  absl::Duration idle_timeout;
  PduGuardOptions guard;
  // Raised: every read and write fails at once.  Outlives the connection.
  const StopSignal* stop = nullptr;
  // Where the first reason for a failing read or write is left, because DCMTK may
  // destroy the connection before anyone can ask it.  Outlives the connection.
  absl::Status* failure = nullptr;
};

// Used by one thread.
class GuardedConnection : public DcmTCPConnection {
 public:
  // Takes over the connected socket: close-on-exec, no Nagle delay, and
  // acknowledgements at once (a stock sender's Nagle algorithm against delayed
  // acknowledgements costs 40 ms an image).
  // `tls`: on that socket, not yet shaken hands; nullptr: plain.
  GuardedConnection(int socket, const GuardedConnectionOptions& options,
                    std::unique_ptr<TlsStream> tls = nullptr);
  ~GuardedConnection() override;

  // From now on reads and writes fail once `from_now` has passed.
  void SetDeadline(absl::Duration from_now);
  void ClearDeadline() { deadline_ = Deadline(absl::InfiniteDuration()); }

  enum class Wait { kReadable, kTimeout, kInterrupted };
  // Waits for bytes (or the peer's close) until the idle timeout or the deadline,
  // or until `interrupt` is raised, which counts for more than bytes.
  Wait WaitReadable(const StopSignal* interrupt);

  // What a TLS peer must do before anything else, within the deadline.
  OFCondition serverSideHandshake() override;
  OFCondition clientSideHandshake() override;

  // Of the peer's verified certificate (tls_stream.h); empty for a plain connection.
  std::vector<std::string> PeerNames() const;

  ssize_t read(void* buffer, size_t size) override;
  ssize_t write(void* buffer, size_t size) override;
  OFBool networkDataAvailable(int timeout_s) override;
  void close() override;
  void closeTransportConnection() override;
  OFBool isTransparentConnection() override { return tls_ == nullptr; }

 private:
  // Of one attempt to read or write; an error leaves errno.
  enum class Transfer { kMoved, kWaitForRead, kWaitForWrite, kClosed, kFailed };

  Transfer Receive(void* buffer, size_t size, size_t* moved);
  // `more_follows`: the network may wait for it (TLS does not).
  Transfer Send(const char* bytes, size_t size, bool more_follows, size_t* moved);
  Transfer ToTransfer(TlsStream::Result result) const;
  OFCondition ShakeHands();
  ssize_t FailTransfer();
  // Why no byte may be moved now: the deadline, a stop, an earlier offence.
  absl::Status MayGoOn() const;
  Wait Poll(short events, const Deadline& until, const StopSignal* interrupt);
  // As Poll for bytes, but of what TLS carries, not of TLS itself.
  Wait PollForData(const Deadline& until, const StopSignal* interrupt);
  Deadline IdleUntil() const { return Deadline(options_.idle_timeout); }
  // Follows what is written; true if more of the same PDU comes.
  bool InsidePduAfter(const void* bytes, size_t size);
  ssize_t Fail(absl::Status why, int error);

  const GuardedConnectionOptions options_;
  std::unique_ptr<TlsStream> tls_;
  PduGuard guard_;
  bool broken_ = false;        // The peer sent what the guard refuses.
  uint64_t pdu_out_left_ = 0;  // Bytes of the PDU under way that DCMTK has yet to write.
  Deadline deadline_{absl::InfiniteDuration()};
};

// IP address of the peer, as text; "" if the socket has none.
std::string PeerAddressOf(int socket);

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_GUARDED_CONNECTION_H_
