// How the node waits for a database server that is down or recovering, instead of ending.

#ifndef CAMNODE_SERVICES_NODE_START_WAIT_H_
#define CAMNODE_SERVICES_NODE_START_WAIT_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/storage/sql/open_database.h"
#include "services/config/config.h"

namespace camnode {

// The database, opened and migrated.  While a server does not answer this waits, for ever if
// need be: the log says why, at each new reason, and whoever asks for health at the ports of
// gRPC and HTTP is told that the node does not serve and waits for the database.  A stop
// signal ends the process meanwhile (stop_signals.h).
//
// Errors, each naming database_uri: those of CheckDatabase, OpenDatabase and Migrate, but
// kUnavailable of a server; kFailedPrecondition if a port cannot be had for the wait.
absl::StatusOr<OpenedDatabase> OpenDatabaseOrWait(const Config& config,
                                                  const std::string& data_directory);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_START_WAIT_H_
