// camnode-lab: work with models and films without a node.

#include <dcmtk/oflog/oflog.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/inference/device/openmp.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/lab/commands.h"

namespace camnode {
namespace {

constexpr int kFailed = 1;

int Main(const std::vector<std::string>& words) {
  // What is wrong with a film is said once, by the command.
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  const Program program = LabProgram();
  const CommandLine line = ParseCommandLine(program, words);
  const absl::optional<int> answered = AnswerCommandLine(program, line, std::cout, std::cerr);
  if (answered.has_value()) return *answered;
  const absl::Status status = RunLabCommand(*line.command, line.arguments);
  if (status.ok()) return 0;
  if (absl::IsInvalidArgument(status)) {
    return PrintMisuse(std::cerr, program, line.command, status.message());
  }
  PrintError(std::cerr, absl::StrCat(program.name, " ", line.command->name), status.message());
  return kFailed;
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  camnode::LimitSpinning(argv);
  return camnode::Main(std::vector<std::string>(argv + 1, argv + argc));
}
