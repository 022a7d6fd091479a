#include "services/worker/arguments.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "absl/status/status.h"
#include "services/command_line/option.h"

namespace camnode {
namespace {

constexpr size_t kMaxNameBytes = 64;

constexpr Option kOptions[] = {
    Option::Text("config", "FILE", "camnode's own configuration file").Required(),
    Option::Text("name", "NAME", "unique among the workers of one database").Required(),
    Option::WholeNumber("life-pipe", "FD",
                        "an open descriptor at whose end the worker ends at once: its parent is "
                        "gone",
                        0, std::numeric_limits<int>::max()),
};

constexpr Command kRun = {"",
                          "Analyses the films that camnode has received.\n"
                          "RESEARCH ONLY - NOT FOR DIAGNOSIS\n"
                          "\n"
                          "camnode starts its workers itself unless worker.supervise is false.\n"
                          "SIGTERM: finishes the film in hand, gives back the others, ends.",
                          {},
                          kOptions};

bool IsWorkerName(const std::string& name) {
  return name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

Program WorkerProgram() {
  Program program;
  program.name = "camnode-worker";
  program.commands = {&kRun};
  return program;
}

absl::StatusOr<WorkerArguments> MakeWorkerArguments(const Arguments& arguments) {
  WorkerArguments made;
  made.config = arguments.Text("config");
  made.name = arguments.Text("name");
  if (arguments.Has("life-pipe")) made.life_pipe = arguments.WholeNumber("life-pipe");
  if (!IsWorkerName(made.name)) {
    return absl::InvalidArgumentError("--name wants 1 to 64 visible ASCII characters");
  }
  return made;
}

}  // namespace camnode
