// The commands of camnode-lab: one struct each, at the end of the file named after it, whose
// Run has the contract.

#ifndef CAMNODE_SERVICES_LAB_COMMANDS_H_
#define CAMNODE_SERVICES_LAB_COMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/command_line/arguments.h"
#include "services/command_line/command.h"

namespace camnode {

struct LabCommand {
  Command command;
  // Writes what it did to standard output and returns the first error: kInvalidArgument if
  // something else must be asked for, which the exit code tells apart.
  absl::Status (*run)(const Arguments& arguments);
};

extern const LabCommand kTrain;
extern const LabCommand kCalibrate;
extern const LabCommand kImportCheckpoint;
extern const LabCommand kEvaluate;
extern const LabCommand kModelCard;
extern const LabCommand kEvaluatePrecision;
extern const LabCommand kExplain;
extern const LabCommand kExplanationQuality;
extern const LabCommand kFitOutliers;
extern const LabCommand kAgreementNull;
extern const LabCommand kSensitivity;

// All of the above.
Program LabProgram();

// `words`: those after the command's name.
// Errors: kInvalidArgument for a command line that cannot be understood; the command's.
absl::Status RunLabCommand(const LabCommand& command, const std::vector<std::string>& words);

// `command`: one of LabProgram's.
absl::Status RunLabCommand(const Command& command, const Arguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_COMMANDS_H_
