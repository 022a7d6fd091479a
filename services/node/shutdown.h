// SIGTERM and SIGINT ask the node to stop, SIGHUP to read its certificates again.

#ifndef CAMNODE_SERVICES_NODE_SHUTDOWN_H_
#define CAMNODE_SERVICES_NODE_SHUTDOWN_H_

#include "absl/functional/function_ref.h"

namespace camnode {

// Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and all it starts later, and
// ignores SIGPIPE: a peer that goes away is an error code, not the end.  Called
// first in main.
void BlockStopSignals();

// Returns the number of the stop signal that came, or comes; calls `reload` at each
// SIGHUP meanwhile.
int WaitForStopSignal(absl::FunctionRef<void()> reload);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_SHUTDOWN_H_
