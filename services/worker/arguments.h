// The command line of camnode-worker.

#ifndef CAMNODE_SERVICES_WORKER_ARGUMENTS_H_
#define CAMNODE_SERVICES_WORKER_ARGUMENTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "services/command_line/arguments.h"
#include "services/command_line/command.h"

namespace camnode {

Program WorkerProgram();

struct WorkerArguments {
  std::string config;
  std::string name;    // 1 to 64 visible ASCII characters.
  int life_pipe = -1;  // Read end whose closing says that the parent is gone; -1: none.
};

// Errors: kInvalidArgument, one sentence, for a name of other characters.
absl::StatusOr<WorkerArguments> MakeWorkerArguments(const Arguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_WORKER_ARGUMENTS_H_
