// The command line of camnode.

#ifndef CAMNODE_SERVICES_NODE_ARGUMENTS_H_
#define CAMNODE_SERVICES_NODE_ARGUMENTS_H_

#include "services/command_line/command.h"

namespace camnode {

// Its only command runs the node, or does instead what --check-config or --conformance says.
Program NodeProgram();

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_ARGUMENTS_H_
