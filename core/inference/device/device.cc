#include "core/inference/device/device.h"

#include <dlfcn.h>

#include <filesystem>
#include <new>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/inference/device/device_choice.h"
#include "core/inference/device/device_failure.h"

namespace camnode {
namespace {

// The folder that holds libtorch_cpu.so.
std::filesystem::path LibTorchFolder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

absl::Status LoadCuda() {
  static const absl::Status loaded = [] {
    // Without a driver the libraries, some 3 GB, would be loaded for nothing.
    if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      return absl::FailedPreconditionError("no NVIDIA driver: libcuda.so.1 is not there");
    }
    const std::string library = (LibTorchFolder() / "libtorch_cuda.so").string();
    // Its kernels register themselves while it loads.
    if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat("no GPU support: ", dlerror(), " (third_party/install --gpu)"));
    }
    return absl::OkStatus();
  }();
  return loaded;
}

// What the CUDA runtime reports has a type.  What cuBLAS and its like report has none of
// its own, and cuDNN's is declared in a header that needs CUDA's: those go by their text.
bool BreaksDevice(const std::exception& error, absl::string_view message) {
  return dynamic_cast<const c10::AcceleratorError*>(&error) != nullptr ||
         absl::StrContains(message, "CUDA error") || absl::StrContains(message, "CUDNN_STATUS");
}

}  // namespace

absl::StatusOr<torch::Device> OpenDevice(const std::string& name) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  absl::string_view rest = name;
  int index = 0;
  if (!absl::ConsumePrefix(&rest, "cuda") ||
      (!rest.empty() &&
       (!absl::ConsumePrefix(&rest, ":") || !absl::SimpleAtoi(rest, &index) || index < 0))) {
    return absl::FailedPreconditionError(
        absl::StrCat("device \"", name, "\" must be \"cpu\", \"cuda\" or \"cuda:N\""));
  }
  if (absl::Status status = LoadCuda(); !status.ok()) return status;
  const int devices = torch::cuda::device_count();
  if (index >= devices) {
    return absl::FailedPreconditionError(
        absl::StrCat("no device ", name, ": ", devices, " GPUs are visible"));
  }
  return torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(index));
}

DeviceChoice ResolveDevice(const std::string& name) {
  if (name != "auto") return {name, ""};
  const absl::StatusOr<torch::Device> gpu = OpenDevice("cuda:0");
  if (gpu.ok()) return {"cuda:0", ""};
  return {"cpu", std::string(gpu.status().message())};
}

absl::Status LibTorchError(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
      dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) {
    return absl::ResourceExhaustedError("out of memory");
  }
  const auto* const torch_error = dynamic_cast<const c10::Error*>(&error);
  const std::string message = absl::StrCat(
      "LibTorch: ", torch_error != nullptr ? torch_error->what_without_backtrace() : error.what());
  return BreaksDevice(error, message) ? DeviceFailureError(message) : absl::InternalError(message);
}

}  // namespace camnode
