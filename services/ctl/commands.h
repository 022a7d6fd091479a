// The commands of camnodectl, as one table.

#ifndef CAMNODE_SERVICES_CTL_COMMANDS_H_
#define CAMNODE_SERVICES_CTL_COMMANDS_H_

#include "services/command_line/command.h"
#include "services/ctl/error.h"

namespace camnode {

class CtlSession;

Program CtlProgram();

// `command`: one of CtlProgram's, and the session has its arguments.
CtlExit RunCtlCommand(const Command& command, CtlSession& session);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_COMMANDS_H_
