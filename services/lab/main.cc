// camnode-lab: work with models and films without a node.

#include <dcmtk/oflog/oflog.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/version.h"
#include "core/inference/device/openmp.h"
#include "services/lab/commands.h"

namespace {

constexpr int kFailed = 1;
constexpr int kMisused = 2;

struct Command {
  const char* name;
  const char* usage;
  absl::Status (*run)(const std::vector<std::string>& words);
};

const Command kCommands[] = {
    {"train", camnode::kTrainUsage, camnode::RunTrain},
    {"calibrate", camnode::kCalibrateUsage, camnode::RunCalibrate},
    {"import-checkpoint", camnode::kImportCheckpointUsage, camnode::RunImportCheckpoint},
    {"evaluate", camnode::kEvaluateUsage, camnode::RunEvaluate},
    {"model-card", camnode::kModelCardUsage, camnode::RunModelCard},
    {"evaluate-precision", camnode::kEvaluatePrecisionUsage, camnode::RunEvaluatePrecision},
    {"explain", camnode::kExplainUsage, camnode::RunExplain},
    {"explanation-quality", camnode::kExplanationQualityUsage, camnode::RunExplanationQuality},
    {"fit-outliers", camnode::kFitOutliersUsage, camnode::RunFitOutliers},
    {"agreement-null", camnode::kAgreementNullUsage, camnode::RunAgreementNull},
    {"sensitivity", camnode::kSensitivityUsage, camnode::RunSensitivity},
};

void PrintUsage(std::FILE* stream) {
  std::fputs(
      "camnode-lab: work with models and films without a node.\n"
      "Research only, not for diagnosis.\n",
      stream);
  for (const Command& command : kCommands) absl::FPrintF(stream, "\n%s", command.usage);
}

int Run(const Command& command, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") {
      std::fputs(command.usage, stdout);
      return 0;
    }
  }
  const absl::Status status = command.run(words);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "camnode-lab %s: %s\n", command.name, status.message());
  if (status.code() != absl::StatusCode::kInvalidArgument) return kFailed;
  absl::FPrintF(stderr, "See camnode-lab %s --help\n", command.name);
  return kMisused;
}

}  // namespace

int main(int argc, char** argv) {
  camnode::LimitSpinning(argv);
  // What is wrong with a film is said once, by the command.
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.empty()) {
    PrintUsage(stderr);
    return kMisused;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    PrintUsage(stdout);
    return 0;
  }
  if (words[0] == "--version") {
    absl::PrintF("camnode-lab %s\n", camnode::kCamnodeVersion);
    return 0;
  }
  for (const Command& command : kCommands) {
    if (words[0] == command.name) return Run(command, {words.begin() + 1, words.end()});
  }
  absl::FPrintF(stderr, "camnode-lab: unknown command \"%s\"; see camnode-lab --help\n", words[0]);
  return kMisused;
}
