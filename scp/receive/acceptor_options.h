// What the receiving side is handed, and what it counts.

#ifndef CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_
#define CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_

#include <atomic>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "scp/settings/acceptor_settings.h"

namespace camnode {

class TlsCredentials;

struct AcceptorOptions {
  AcceptorSettings settings;
  // Certificates of the TLS port; outlives the acceptor.
  const TlsCredentials* tls = nullptr;
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
