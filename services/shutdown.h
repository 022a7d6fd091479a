// SIGTERM and SIGINT ask the node to stop.

#ifndef CAMNODE_SERVICES_SHUTDOWN_H_
#define CAMNODE_SERVICES_SHUTDOWN_H_

namespace camnode {

// Blocks SIGTERM and SIGINT in the calling thread and all it starts later, and
// ignores SIGPIPE: a peer that goes away is an error code, not the end.  Called
// first in main.
void BlockStopSignals();

// Returns the number of the stop signal that came, or comes.
int WaitForStopSignal();

}  // namespace camnode

#endif  // CAMNODE_SERVICES_SHUTDOWN_H_
