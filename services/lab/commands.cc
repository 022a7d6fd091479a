#include "services/lab/commands.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

// In the order of the help: networks made, judged, looked into.
constexpr const LabCommand* kCommands[] = {
    &kTrain,       &kCalibrate,         &kImportCheckpoint, &kEvaluate,
    &kModelCard,   &kEvaluatePrecision, &kExplain,          &kExplanationQuality,
    &kFitOutliers, &kAgreementNull,     &kSensitivity,
};

}  // namespace

Program LabProgram() {
  Program program;
  program.name = "camnode-lab";
  program.summary =
      "camnode-lab: work with models and films without a node.\n"
      "Research only, not for diagnosis.";
  for (const LabCommand* command : kCommands) program.commands.push_back(&command->command);
  return program;
}

absl::Status RunLabCommand(const LabCommand& command, const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(const Arguments arguments, Arguments::Parse(command.command, words));
  return command.run(arguments);
}

absl::Status RunLabCommand(const Command& command, const Arguments& arguments) {
  for (const LabCommand* known : kCommands) {
    if (&known->command == &command) return known->run(arguments);
  }
  return absl::InternalError(absl::StrCat("no code for the command ", command.name));
}

}  // namespace camnode
