// Which device a configuration means.  No torch type: for programs.

#ifndef CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_CHOICE_H_
#define CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_CHOICE_H_

#include <string>

namespace camnode {

struct DeviceChoice {
  std::string device;
  std::string reason;  // Why "auto" is no GPU; otherwise empty.
};

// "auto" as "cuda:0" where a GPU can be opened, otherwise "cpu"; other names as they
// are.  Loads the CUDA libraries only where an NVIDIA driver is.
DeviceChoice ResolveDevice(const std::string& name);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_CHOICE_H_
