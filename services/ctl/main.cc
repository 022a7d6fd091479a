// camnodectl: a camnode from the shell.  See CtlUsage in options.cc.

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/base/version.h"
#include "services/ctl/address.h"
#include "services/ctl/options.h"
#include "services/ctl/session.h"

int main(int argc, char** argv) {
  using namespace camnode;
  // `camnodectl list | head` ends the program, quietly.
  std::signal(SIGPIPE, SIG_DFL);

  const absl::StatusOr<CtlOptions> options =
      ParseCtlOptions(std::vector<std::string>(argv + 1, argv + argc));
  if (!options.ok()) {
    std::cerr << "camnodectl: " << options.status().message() << std::endl;
    return kCtlUsage;
  }
  if (options->command == "help") {
    std::cout << CtlUsage();
    return kCtlDone;
  }
  if (options->command == "version") {
    std::cout << "camnodectl " << kCamnodeVersion << std::endl;
    return kCtlDone;
  }
  const absl::StatusOr<std::string> address = NodeAddress(*options);
  if (!address.ok()) {
    std::cerr << "camnodectl: " << address.status().message() << std::endl;
    return absl::IsUnavailable(address.status()) ? kCtlUnreachable : kCtlUsage;
  }
  return CtlSession(*options, *address, std::cout, std::cerr).Run();
}
