// Where tensors are computed, and what LibTorch's exceptions mean to us.

#ifndef CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_H_
#define CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_H_

#include <exception>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "torch/torch.h"

namespace camnode {

// "cpu", "cuda" or "cuda:1".  For a GPU, loads libtorch_cuda.so from LibTorch's own
// folder, once for the process: programs do not link it, so that they start on
// machines without it.
// Errors: kFailedPrecondition (no such device here: says what is missing).
absl::StatusOr<torch::Device> OpenDevice(const std::string& name);

// kResourceExhausted if memory ran out, otherwise kInternal; without the backtrace.
// After what breaks a GPU for good, IsDeviceFailure (device_failure.h) is true of it.
absl::Status LibTorchError(const std::exception& error);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_DEVICE_DEVICE_H_
