// A device that is beyond repair: every later call on it fails too, and only a fresh
// process can go on.  No torch type: for whoever decides what becomes of the process.

#ifndef CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_FAILURE_H_
#define CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_FAILURE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace camnode {

// Under this type a status carries that it tells of such a device; the payload is empty.
inline constexpr absl::string_view kDeviceFailureType = "camnode/device-failure";

// kInternal with the payload.  Made by LibTorchError.
absl::Status DeviceFailureError(absl::string_view message);

// False for OK.
bool IsDeviceFailure(const absl::Status& status);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_FAILURE_H_
