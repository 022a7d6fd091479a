#include "services/api/grpc_status.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace camnode {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com/";
constexpr char kErrorInfoUrl[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kBadRequestUrl[] = "type.googleapis.com/google.rpc.BadRequest";

bool IsForTheLog(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown;
}

}  // namespace

absl::Status WithReason(absl::Status status, absl::string_view reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kErrorDomain);
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

absl::Status FieldError(absl::string_view field, absl::string_view description) {
  google::rpc::BadRequest bad_request;
  google::rpc::BadRequest::FieldViolation* violation = bad_request.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
  absl::Status status = absl::InvalidArgumentError(absl::StrCat(field, " ", description));
  status.SetPayload(kBadRequestUrl, absl::Cord(bad_request.SerializeAsString()));
  return WithReason(std::move(status), "INVALID_FIELD");
}

std::string ReasonOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrorInfoUrl);
  google::rpc::ErrorInfo info;
  if (payload.has_value() && info.ParseFromString(std::string(*payload))) return info.reason();
  return absl::StatusCodeToString(status.code());
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // The two enumerations have the same numbers.
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message = IsForTheLog(status.code()) ? "camnode failed; its log says why"
                                                         : std::string(status.message());
  const absl::Status complete = WithReason(status, ReasonOf(status));
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  complete.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    if (absl::StartsWith(url, kTypePrefix)) {
      google::protobuf::Any* detail = details.add_details();
      detail->set_type_url(std::string(url));
      detail->set_value(std::string(payload));
    }
  });
  return grpc::Status(code, message, details.SerializeAsString());
}

}  // namespace camnode
