// One listening port under DCMTK.

#ifndef CAMNODE_SCP_RECEIVE_DICOM_LISTENER_H_
#define CAMNODE_SCP_RECEIVE_DICOM_LISTENER_H_

#include "absl/status/status.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"
#include "scp/receive/accepting_layer.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/connection_census.h"
#include "scp/settings/acceptor_settings.h"
#include "scp/wire/stop_signal.h"

namespace camnode {

// Open and Close by the owner's thread, the rest by any.
class DicomListener {
 public:
  // Borrows everything; see AcceptingLayer.
  DicomListener(const AcceptorOptions& options, const TlsCredentials* tls, const PeerPolicy& policy,
                const StopSignal& stop, ConnectionCensus& census)
      : options_(options), layer_(options, tls, policy, stop, census) {}
  ~DicomListener() { Close(); }

  // Listens on `port`, all IPv4 interfaces; 0: a free one.
  // Errors: kFailedPrecondition if the port is taken or not allowed (names it).
  absl::Status Open(int port);
  void Close();

  // kNoPort unless it is open.
  int port() const { return port_; }
  // Readable when a connection waits; -1 unless it is open.  Non-blocking: of two
  // threads that see one connection, one must come away.
  int socket() const { return socket_; }

  // Accepts a connection if one waits, and reads its A-ASSOCIATE-RQ; `handshake` says
  // how far that went.  The caller destroys `*association` whatever is returned.
  OFCondition Receive(Handshake& handshake, T_ASC_Association** association);

 private:
  const AcceptorOptions& options_;
  AcceptingLayer layer_;
  T_ASC_Network* network_ = nullptr;
  int port_ = kNoPort;
  int socket_ = -1;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_DICOM_LISTENER_H_
