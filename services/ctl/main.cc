// camnodectl: a camnode from the shell.

#include <signal.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/ctl/address.h"
#include "services/ctl/commands.h"
#include "services/ctl/error.h"
#include "services/ctl/session.h"

namespace camnode {
namespace {

int Main(const std::vector<std::string>& words) {
  // `camnodectl list | head` ends the program, quietly.
  std::signal(SIGPIPE, SIG_DFL);
  const Program program = CtlProgram();
  const CommandLine line = ParseCommandLine(program, words);
  const absl::optional<int> answered = AnswerCommandLine(program, line, std::cout, std::cerr);
  if (answered.has_value()) return *answered;
  const absl::StatusOr<std::string> address = NodeAddress(line.arguments);
  if (!address.ok()) {
    PrintError(std::cerr, program.name, address.status().message());
    return absl::IsUnavailable(address.status()) ? kCtlUnreachable : kCtlUsage;
  }
  CtlSession session(line.arguments, *address, std::cout, std::cerr);
  return RunCtlCommand(*line.command, session);
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  return camnode::Main(std::vector<std::string>(argv + 1, argv + argc));
}
