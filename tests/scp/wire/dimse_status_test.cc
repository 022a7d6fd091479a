#include "scp/wire/dimse_status.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "core/base/retryable.h"

namespace camnode {
namespace {

TEST(DimseStatusTest, AnswersEveryStatusCode) {
  using Code = absl::StatusCode;
  const auto expected = [](Code code) -> uint16_t {
    switch (code) {
      case Code::kOk:
        return 0x0000;
      case Code::kInvalidArgument:
        return 0xA900;
      case Code::kDataLoss:
        return 0xC000;
      case Code::kUnimplemented:
        return 0x0122;
      case Code::kPermissionDenied:
      case Code::kUnauthenticated:
        return 0x0124;
      case Code::kAlreadyExists:
        return 0x0111;
      default:
        return 0xA700;
    }
  };
  for (int code = 0; code <= 16; ++code) {
    EXPECT_EQ(DimseStatusFor(static_cast<Code>(code)), expected(static_cast<Code>(code))) << code;
  }
}

TEST(DimseStatusTest, KeepsTheSenderTryingForWhateverARetryMayCure) {
  for (int i = 1; i <= 16; ++i) {
    const auto code = static_cast<absl::StatusCode>(i);
    if (ActionFor(code) == FailureAction::kBury) continue;
    EXPECT_EQ(DimseStatusFor(code), kDimseOutOfResources) << i;
  }
}

TEST(DimseStatusTest, CommentsFitTheirElement) {
  EXPECT_EQ(ErrorCommentFor(absl::StatusCode::kOk), "");
  for (int code = 1; code <= 16; ++code) {
    const std::string comment = ErrorCommentFor(static_cast<absl::StatusCode>(code));
    EXPECT_GT(comment.size(), 5u);
    EXPECT_LE(comment.size(), 64u) << "LO holds 64 characters";
    for (const char c : comment) EXPECT_TRUE(std::isprint(c) && c != '\\') << comment;
  }
}

DeliveryOutcome Expected(int status) {
  if (status == 0x0000 || status == 0x0111 || (status >= 0xB000 && status <= 0xBFFF)) {
    return DeliveryOutcome::kDelivered;
  }
  if (status == 0x0001 || status == 0x0107 || status == 0x0116) return DeliveryOutcome::kDelivered;
  if (status == 0xA778 || status == 0xA779 || status == 0x0122 || status == 0x0124) {
    return DeliveryOutcome::kBury;
  }
  if (status >= 0xA700 && status <= 0xA7FF) return DeliveryOutcome::kRetry;
  if (status >= 0xA900 && status <= 0xA9FF) return DeliveryOutcome::kBury;
  if (status >= 0xC000 && status <= 0xCFFF) return DeliveryOutcome::kBury;
  return DeliveryOutcome::kRetryThenBury;
}

TEST(DimseStatusTest, KnowsWhatEveryAnswerMeansForADelivery) {
  for (int status = 0; status <= 0xFFFF; ++status) {
    ASSERT_EQ(OutcomeFor(static_cast<uint16_t>(status)), Expected(status))
        << DimseStatusText(static_cast<uint16_t>(status));
  }
}

TEST(DimseStatusTest, WritesAStatusAsTheStandardDoes) {
  EXPECT_EQ(DimseStatusText(0x0111), "0x0111");
  EXPECT_EQ(DimseStatusText(0xA700), "0xA700");
}

}  // namespace
}  // namespace camnode
