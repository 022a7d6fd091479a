#include "core/base/status_macros.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

absl::Status Passes(const absl::Status& status, bool& went_on) {
  CAMNODE_RETURN_IF_ERROR(status);
  went_on = true;
  return absl::OkStatus();
}

absl::StatusOr<int> Length(absl::StatusOr<std::unique_ptr<std::string>> text) {
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<std::string> owned, std::move(text));
  return static_cast<int>(owned->size());
}

TEST(StatusMacrosTest, ReturnIfErrorGoesOnWhenAllIsWell) {
  bool went_on = false;
  EXPECT_THAT(Passes(absl::OkStatus(), went_on), IsOk());
  EXPECT_TRUE(went_on);
}

TEST(StatusMacrosTest, ReturnIfErrorReturnsTheErrorAsItIs) {
  bool went_on = false;
  EXPECT_THAT(Passes(absl::DataLossError("torn"), went_on),
              StatusIs(absl::StatusCode::kDataLoss, "torn"));
  EXPECT_FALSE(went_on);
}

TEST(StatusMacrosTest, AssignOrReturnMovesTheValueOut) {
  EXPECT_THAT(Length(std::make_unique<std::string>("film")), IsOkAndHolds(4));
}

TEST(StatusMacrosTest, AssignOrReturnReturnsTheError) {
  EXPECT_THAT(Length(absl::NotFoundError("no film")),
              StatusIs(absl::StatusCode::kNotFound, "no film"));
}

TEST(StatusMacrosTest, AnnotateKeepsTheCodeAndSaysWhatItIsAbout) {
  EXPECT_THAT(Annotate(absl::InternalError("broken"), "blob 7"),
              StatusIs(absl::StatusCode::kInternal, "blob 7: broken"));
  EXPECT_THAT(Annotate(absl::OkStatus(), "blob 7"), IsOk());
}

TEST(StatusMacrosTest, AnnotateKeepsWhatTheStatusCarriesForPrograms) {
  absl::Status status = absl::InternalError("broken");
  status.SetPayload("camnode/what", absl::Cord("a blob"));
  const absl::Status annotated = Annotate(status, "blob 7");
  EXPECT_EQ(annotated.GetPayload("camnode/what"), absl::Cord("a blob"));
}

}  // namespace
}  // namespace camnode
