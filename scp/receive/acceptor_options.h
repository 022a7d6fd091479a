// What the receiving side is handed.

#ifndef CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_
#define CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_

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

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_ACCEPTOR_OPTIONS_H_
