// Where the node's gRPC port is.

#ifndef CAMNODE_SERVICES_CTL_ADDRESS_H_
#define CAMNODE_SERVICES_CTL_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/command_line/arguments.h"

namespace camnode {

// "host:port".  In this order: --address; "grpc" in the ports.json that a running
// node keeps in the --data-directory; the same in the data directory that the
// --config names, else that file's own grpc port; 127.0.0.1:50051.
// Errors, each one sentence for the user:
//   kNotFound         The file is not there.
//   kInvalidArgument  It is not what it should be, or larger than 1 MiB; or more than one
//                     of the three options is given.
//   kUnavailable      It cannot be read, or the node is not running.
absl::StatusOr<std::string> NodeAddress(const Arguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_ADDRESS_H_
