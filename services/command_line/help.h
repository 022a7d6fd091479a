// The help of a program, made from the tables by which its command line is read.

#ifndef CAMNODE_SERVICES_COMMAND_LINE_HELP_H_
#define CAMNODE_SERVICES_COMMAND_LINE_HELP_H_

#include <string>

#include "services/command_line/command.h"

namespace camnode {

// What `PROGRAM COMMAND --help` prints: usage, summary, and a line or more for each option.
std::string CommandHelp(const Program& program, const Command& command);

// What `PROGRAM --help` prints: usage and first paragraph of each command, the options that all
// have, notes.  Of a program without several commands its only command's help.
std::string ProgramHelp(const Program& program);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_COMMAND_LINE_HELP_H_
