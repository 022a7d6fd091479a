#include "core/dicom/file/of_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcerror.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

TEST(OfConditionTest, AGoodConditionIsOk) { EXPECT_THAT(ToStatus(EC_Normal, "any"), IsOk()); }

TEST(OfConditionTest, ABadOneHasTheFallbackCodeTheContextAndDcmtksWords) {
  EXPECT_THAT(ToStatus(EC_CorruptedData, "film"),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("film: Corrupted data")));
  EXPECT_THAT(ToStatus(EC_IllegalCall, "film", absl::StatusCode::kInternal),
              StatusIs(absl::StatusCode::kInternal));
}

TEST(OfConditionTest, NoMemoryMayBeThereLater) {
  EXPECT_THAT(ToStatus(EC_MemoryExhausted, "film", absl::StatusCode::kInternal),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace camnode
