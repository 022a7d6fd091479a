// The tables of the conformance statement (PS3.2), made from what the code does:
// camnode --conformance prints them, and scp/README.md holds a copy that a test
// compares.

#ifndef CAMNODE_SCP_CONFORMANCE_H_
#define CAMNODE_SCP_CONFORMANCE_H_

#include <string>

#include "scp/send/outbox_sender.h"
#include "scp/settings/acceptor_settings.h"
#include "scp/settings/tls_files.h"

namespace camnode {

struct ConformanceSubject {
  AcceptorSettings acceptor;
  OutboxSenderOptions sender;
  bool require_peer_certificate = TlsFiles().require_peer_certificate;
};

// Markdown: sections with tables, each line at its end broken, nothing about a peer.
// Call SetUpDcmtkNetwork before.
std::string ConformanceTables(const ConformanceSubject& subject);

}  // namespace camnode

#endif  // CAMNODE_SCP_CONFORMANCE_H_
