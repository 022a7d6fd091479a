// The border between absl::Status and grpc::Status.
//
// Every error that leaves camnode carries google.rpc.ErrorInfo with domain
// "camnode" and a reason in UPPER_SNAKE that is constant for each cause; an error
// about a field of the request carries google.rpc.BadRequest, too.

#ifndef CAMNODE_SERVICES_API_GRPC_STATUS_H_
#define CAMNODE_SERVICES_API_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace camnode {

inline constexpr char kErrorDomain[] = "camnode";

// The error with its reason.  REQUIRES: `reason` is UPPER_SNAKE, 1 to 63 characters.
absl::Status WithReason(absl::Status status, absl::string_view reason);

// kInvalidArgument with reason INVALID_FIELD: `field` of the request is wrong
// because of `description`, which does not repeat the value.
absl::Status FieldError(absl::string_view field, absl::string_view description);

// The reason it was given, otherwise the code's name ("NOT_FOUND").
std::string ReasonOf(const absl::Status& status);

// What the caller is told: the same code, message and details, except that the
// message of kInternal and kUnknown stays in the log.
grpc::Status ToGrpcStatus(const absl::Status& status);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_GRPC_STATUS_H_
