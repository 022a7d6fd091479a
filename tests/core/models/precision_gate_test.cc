#include "core/models/precision_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

using ::testing::AllOf;
using ::testing::HasSubstr;

v1::PrecisionCheck AtTheLimits() {
  v1::PrecisionCheck check;
  check.set_precision(v1::BFLOAT16);
  check.set_weights_sha256("abc");
  check.set_threshold(0.25);
  check.set_films(kMinCheckedFilms);
  check.set_max_probability_difference(kMaxProbabilityDifference);
  check.set_flipped_verdicts(kMaxFlippedVerdicts);
  check.set_other_peak_cells(kMaxOtherPeakCells);
  return check;
}

v1::ModelManifest Asking(v1::Precision precision) {
  v1::ModelManifest manifest;
  manifest.set_precision(precision);
  manifest.set_weights_sha256("abc");
  manifest.set_threshold(0.25);
  return manifest;
}

TEST(PrecisionGateTest, OpensUpToEachLimit) { EXPECT_THAT(CheckGate(AtTheLimits()), IsOk()); }

TEST(PrecisionGateTest, NamesEveryLimitThatIsNotKept) {
  v1::PrecisionCheck check = AtTheLimits();
  check.set_films(kMinCheckedFilms - 1);
  check.set_max_probability_difference(0.0101);
  check.set_flipped_verdicts(0.0021);
  check.set_other_peak_cells(0.021);
  EXPECT_THAT(CheckGate(check), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         AllOf(HasSubstr("199 films"), HasSubstr("0.0101"),
                                               HasSubstr("0.21 %"), HasSubstr("2.10 %"))));
}

TEST(PrecisionGateTest, StaysShutForNumbersThatAreNone) {
  v1::PrecisionCheck check = AtTheLimits();
  check.set_max_probability_difference(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(CheckGate(check).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(PrecisionGateTest, AsksNothingOfFloat32) {
  EXPECT_THAT(CheckPrecision(Asking(v1::FLOAT32)), IsOk());
  EXPECT_THAT(CheckPrecision(Asking(v1::PRECISION_UNSPECIFIED)), IsOk());
}

TEST(PrecisionGateTest, RefusesAPrecisionThatNobodyChecked) {
  EXPECT_THAT(
      CheckPrecision(Asking(v1::BFLOAT16)),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("BFLOAT16 was not checked")));
}

TEST(PrecisionGateTest, TakesACheckOnlyOfThisPrecisionTheseWeightsAndThisThreshold) {
  v1::ModelManifest manifest = Asking(v1::BFLOAT16);
  *manifest.add_precision_checks() = AtTheLimits();
  EXPECT_THAT(CheckPrecision(manifest), IsOk());

  v1::ModelManifest other = manifest;
  other.set_precision(v1::FLOAT16);
  EXPECT_EQ(CheckPrecision(other).code(), absl::StatusCode::kFailedPrecondition);
  other = manifest;
  other.set_weights_sha256("abd");
  EXPECT_EQ(CheckPrecision(other).code(), absl::StatusCode::kFailedPrecondition);
  other = manifest;
  other.set_threshold(0.26);
  EXPECT_EQ(CheckPrecision(other).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(PrecisionGateTest, TheLastCheckCounts) {
  v1::ModelManifest manifest = Asking(v1::BFLOAT16);
  *manifest.add_precision_checks() = AtTheLimits();
  manifest.add_precision_checks()->CopyFrom(AtTheLimits());
  manifest.mutable_precision_checks(1)->set_flipped_verdicts(0.5);
  EXPECT_THAT(CheckPrecision(manifest),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("did not pass")));
}

}  // namespace
}  // namespace camnode
