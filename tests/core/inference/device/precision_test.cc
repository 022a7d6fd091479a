#include "core/inference/device/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace camnode {
namespace {

using ::testing::StartsWith;

TEST(PrecisionTest, HasTheNamesThatRecipesUse) {
  EXPECT_STREQ(PrecisionName(ComputePrecision::kFloat32), "float32");
  EXPECT_STREQ(PrecisionName(ComputePrecision::kBfloat16), "bfloat16");
  EXPECT_STREQ(PrecisionName(ComputePrecision::kFloat16), "float16");
}

TEST(PrecisionTest, EveryProcessorComputesInFloat32AndNoneInFloat16) {
  EXPECT_TRUE(HasFastPrecision(ComputePrecision::kFloat32));
  EXPECT_FALSE(HasFastPrecision(ComputePrecision::kFloat16));
}

TEST(PrecisionTest, Bfloat16NeedsAnInstructionSetWithAvx512) {
  if (HasFastPrecision(ComputePrecision::kBfloat16)) {
    EXPECT_THAT(InstructionSet(), StartsWith("avx512_core_"));
  }
}

}  // namespace
}  // namespace camnode
