// The listening side of the node: takes TCP connections, negotiates
// associations, and runs C-ECHO and C-STORE on each.

#ifndef CAMNODE_SCP_RECEIVE_ASSOCIATION_ACCEPTOR_H_
#define CAMNODE_SCP_RECEIVE_ASSOCIATION_ACCEPTOR_H_

#include <memory>

#include "absl/status/status.h"
#include "core/intake/store_handler.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"

namespace camnode {

// A bounded pool of threads, each of which accepts connections itself, so that a
// peer that says nothing holds one thread and no longer than its deadline.
//
// Start and Stop are called by the owner's thread; port() by any.
class AssociationAcceptor {
 public:
  // Borrows all but the options; everything outlives it.
  AssociationAcceptor(const AcceptorOptions& options, const PeerPolicy& policy,
                      StoreHandler& handler, AcceptorMetrics& metrics);
  // As Stop.
  ~AssociationAcceptor();

  // Listens.  Called once.
  // Errors: kInvalidArgument for an option out of range (says which);
  // kFailedPrecondition if the port is taken or not allowed (names it).
  absl::Status Start();

  // The ports listened on; kNoPort before Start, or if there is none.
  int port() const;
  int tls_port() const;

  // New associations are rejected from now on, transiently; open ones finish the
  // instance they are at and are then aborted.  Returns when every thread has
  // ended.  Calling it again does nothing.
  void Stop();

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_ASSOCIATION_ACCEPTOR_H_
