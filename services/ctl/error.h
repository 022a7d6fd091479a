// A failed call in words: what went wrong, and what to do about it.

#ifndef CAMNODE_SERVICES_CTL_ERROR_H_
#define CAMNODE_SERVICES_CTL_ERROR_H_

#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/support/status.h"
#include "services/command_line/command_line.h"

namespace camnode {

// The program's exit codes.
enum CtlExit : int {
  kCtlDone = 0,
  kCtlFailed = 1,                // The node refused or failed.
  kCtlUsage = kMisusedExitCode,  // Wrong command line.
  kCtlUnreachable = 3,           // No node there, or no answer in time.
  kCtlNotFound = 4,              // Not there, or not analysed yet.
  kCtlUnhealthy = 5,             // doctor found something wrong.
};

// `reason` of the google.rpc.ErrorInfo among the details, or "" if there is none
// or the details are not what they should be.
std::string ErrorReason(const grpc::Status& status);

// One or two sentences.  REQUIRES: !status.ok().
std::string ErrorInWords(const grpc::Status& status, absl::string_view address);

CtlExit ExitCodeFor(const grpc::Status& status);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_ERROR_H_
