// Makes the connections of the listening side: counted by address, guarded, with a
// deadline from the first moment, plain or by TLS.

#ifndef CAMNODE_SCP_RECEIVE_ACCEPTING_LAYER_H_
#define CAMNODE_SCP_RECEIVE_ACCEPTING_LAYER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/dcmlayer.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/connection_census.h"
#include "scp/wire/guarded_connection.h"
#include "scp/wire/stop_signal.h"
#include "scp/wire/tls_stream.h"

namespace camnode {

// What became of one accept, left by the layer for the thread that called
// ASC_receiveAssociation: DCMTK has no way to hand it on.
struct Handshake {
  std::string address;
  bool connected = false;
  CensusVerdict verdict = CensusVerdict::kWelcome;
  // Its socket was shut down to make room for another.
  std::atomic<bool> made_to_leave{false};
  absl::Status failure;

  // Why nothing came of it, or it ended; `otherwise` if only DCMTK knows.
  std::string Reason(absl::string_view otherwise) const;
};

// Stands in the census until its socket closes.
class CountedConnection final : public GuardedConnection {
 public:
  CountedConnection(int socket, const GuardedConnectionOptions& options,
                    std::unique_ptr<TlsStream> tls, ConnectionCensus& census, int64_t ticket)
      : GuardedConnection(socket, options, std::move(tls)), census_(census), ticket_(ticket) {}
  ~CountedConnection() override { census_.Leave(ticket_); }

  void SetAtWork(bool at_work) { census_.SetAtWork(ticket_, at_work); }

  // The census must not know a socket that is closed: its number may be another's.
  void close() override {
    census_.Leave(ticket_);
    GuardedConnection::close();
  }
  void closeTransportConnection() override {
    census_.Leave(ticket_);
    GuardedConnection::closeTransportConnection();
  }

 private:
  ConnectionCensus& census_;
  const int64_t ticket_;
};

// Thread-safe.
class AcceptingLayer final : public DcmTransportLayer {
 public:
  // Borrows everything.  `tls`: nullptr for the plain port.
  AcceptingLayer(const AcceptorOptions& options, const TlsCredentials* tls,
                 const PeerPolicy& policy, const StopSignal& stop, ConnectionCensus& census)
      : options_(options), tls_(tls), policy_(policy), stop_(stop), census_(census) {}

  // Where createConnection, called by this thread, notes what it did.
  static void SetHandshake(Handshake* handshake);

  // A CountedConnection; nullptr to have the socket closed.
  DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool secure) override;

 private:
  const AcceptorOptions& options_;
  const TlsCredentials* const tls_;
  const PeerPolicy& policy_;
  const StopSignal& stop_;
  ConnectionCensus& census_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_ACCEPTING_LAYER_H_
