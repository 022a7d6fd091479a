// What the operator may set of the receiving side, and what it counts.

#ifndef CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_
#define CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace camnode {

class TlsCredentials;

// No port of this kind.
inline constexpr int kNoPort = -1;

struct AcceptorOptions {
  // TCP port, all IPv4 interfaces.  0: a free one, see port(); kNoPort: none, then
  // there must be a TLS port.
  int port = 11112;
  // The same for TLS; kNoPort: none.  Needs `tls`.
  int tls_port = kNoPort;
  // Certificates of the TLS port; outlives the acceptor.
  const TlsCredentials* tls = nullptr;
  // Associations at work at one time.  One more is rejected, transiently, so that
  // the sender tries again.  Each costs a thread and about 0.5 MB.
  int max_associations = 32;
  // Connections of one address at one time, associated or not.  Two more are
  // rejected, transiently; beyond that they are closed unread.  Smaller: one sender
  // cannot take the whole pool.  A burst over many associations from one
  // workstation needs as many.
  int max_associations_per_peer = 16;
  // Largest PDU we take, 4,096 to 131,072.  Smaller: more PDUs a film.
  int max_pdu_bytes = 131'072;
  // Largest data set.  A larger one is read to its end, dropped and answered
  // 0xA700; at twice this size the association is aborted instead.
  int64_t max_instance_bytes = int64_t{1} << 30;
  // No byte for so long ends the association.
  absl::Duration idle_timeout = absl::Seconds(60);
  // From TCP accept to the last byte of the A-ASSOCIATE-RQ, a TLS handshake
  // included.  Longer: silent connections hold threads longer.
  absl::Duration association_request_timeout = absl::Seconds(10);
  // One C-STORE, from the command's first byte to the data set's last.
  absl::Duration instance_timeout = absl::Minutes(5);
  // How long Stop waits for instances under way before it aborts them.
  absl::Duration drain_timeout = absl::Seconds(10);
};

// Errors: kInvalidArgument for an option out of range (says which).
absl::Status CheckAcceptorOptions(const AcceptorOptions& options);

// Counts since Start, for metrics.  Any thread may read them.
struct AcceptorStats {
  std::atomic<int64_t> connections{0};
  std::atomic<int64_t> associations_accepted{0};
  std::atomic<int64_t> associations_rejected{0};  // By policy: unknown peer, wrong AE.
  std::atomic<int64_t> associations_refused_busy{0};
  std::atomic<int64_t> connections_failed{0};  // No association came of them.
  std::atomic<int64_t> associations_open{0};   // Now.
  std::atomic<int64_t> echoes{0};
  std::atomic<int64_t> stores_ok{0};
  std::atomic<int64_t> stores_failed{0};
  std::atomic<int64_t> bytes_received{0};  // Of data sets.
  // C-STORE answers by class: 0x0000, 0xA7xx, 0xA9xx, 0xCxxx, any other.
  std::atomic<int64_t> answers_success{0};
  std::atomic<int64_t> answers_out_of_resources{0};
  std::atomic<int64_t> answers_mismatch{0};
  std::atomic<int64_t> answers_cannot_understand{0};
  std::atomic<int64_t> answers_other{0};
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_
