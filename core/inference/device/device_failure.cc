#include "core/inference/device/device_failure.h"

#include "absl/strings/cord.h"

namespace camnode {

absl::Status DeviceFailureError(absl::string_view message) {
  absl::Status status = absl::InternalError(message);
  status.SetPayload(kDeviceFailureType, absl::Cord());
  return status;
}

bool IsDeviceFailure(const absl::Status& status) {
  return status.GetPayload(kDeviceFailureType).has_value();
}

}  // namespace camnode
