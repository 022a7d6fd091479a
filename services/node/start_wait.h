// How the node waits for a database server that is down or recovering, instead of ending.

#ifndef CAMNODE_SERVICES_NODE_START_WAIT_H_
#define CAMNODE_SERVICES_NODE_START_WAIT_H_

#include "absl/status/statusor.h"
#include "services/config/config.h"
#include "services/node/open_store.h"

namespace camnode {

// The store, opened.  While a database server does not answer this waits, for ever if
// need be: the log says why, at each new reason, and whoever asks for health at the ports of
// gRPC and HTTP is told that the node does not serve and waits for the database.  A stop
// signal ends the process meanwhile (stop_signals.h).
//
// Errors: those of OpenStore, but kUnavailable of a server; kFailedPrecondition if a port
// cannot be had for the wait.
absl::StatusOr<OpenedStore> OpenStoreOrWait(const Config& config);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_START_WAIT_H_
