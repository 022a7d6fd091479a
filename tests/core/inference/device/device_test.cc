// What LibTorch's exceptions become.  Also: device_failure.

#include "core/inference/device/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <new>
#include <stdexcept>

#include "core/base/status_macros.h"
#include "core/inference/device/device_failure.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

constexpr c10::SourceLocation kHere = {"Multiply", "kernel.cpp", 7};
constexpr int32_t kIllegalAddress = 700;  // cudaErrorIllegalAddress

TEST(LibTorchErrorTest, WhatTheCudaRuntimeReportsIsADeviceFailureWhateverItsText) {
  const absl::Status status =
      LibTorchError(c10::AcceleratorError(kHere, kIllegalAddress, "illegal memory access"));
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kInternal, HasSubstr("LibTorch: illegal memory access")));
  EXPECT_TRUE(IsDeviceFailure(status));
}

TEST(LibTorchErrorTest, ErrorsOfCudasLibrariesAreDeviceFailuresByTheirText) {
  EXPECT_TRUE(IsDeviceFailure(LibTorchError(
      c10::Error(kHere, "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm"))));
  EXPECT_TRUE(
      IsDeviceFailure(LibTorchError(c10::Error(kHere, "cuDNN error: CUDNN_STATUS_MAPPING_ERROR"))));
  EXPECT_TRUE(IsDeviceFailure(LibTorchError(std::runtime_error("CUDA error: unknown error"))));
}

TEST(LibTorchErrorTest, AnOperatorsRefusalIsNoDeviceFailure) {
  const absl::Status status = LibTorchError(c10::ValueError(kHere, "sizes do not match"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, HasSubstr("sizes do not match")));
  EXPECT_FALSE(IsDeviceFailure(status));
  EXPECT_FALSE(IsDeviceFailure(LibTorchError(std::runtime_error("odd"))));
}

TEST(LibTorchErrorTest, MemoryThatRanOutOnAGpuTooIsNoDeviceFailure) {
  const absl::Status on_gpu =
      LibTorchError(c10::OutOfMemoryError(kHere, "CUDA error: out of memory"));
  EXPECT_THAT(on_gpu, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(IsDeviceFailure(on_gpu));
  EXPECT_THAT(LibTorchError(std::bad_alloc()), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST(DeviceFailureTest, IsStillOneWhenAnnotated) {
  const absl::Status status = DeviceFailureError("misaligned address");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInternal, "misaligned address"));
  EXPECT_TRUE(IsDeviceFailure(Annotate(status, "resnet18")));
}

TEST(DeviceFailureTest, IsNotToldByTheTextOfAStatus) {
  EXPECT_FALSE(IsDeviceFailure(absl::InternalError("CUDA error: misaligned address")));
  EXPECT_FALSE(IsDeviceFailure(absl::OkStatus()));
}

}  // namespace
}  // namespace camnode
