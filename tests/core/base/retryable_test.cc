// The whole table from an error's code to what happens next, and the waits.

#include "core/base/retryable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "absl/random/random.h"

namespace camnode {
namespace {

TEST(RetryableTest, EveryCodeHasTheActionOfTheArchitecture) {
  const std::map<absl::StatusCode, FailureAction> table = {
      {absl::StatusCode::kCancelled, FailureAction::kRetryThenBury},
      {absl::StatusCode::kUnknown, FailureAction::kRetryThenBury},
      {absl::StatusCode::kInvalidArgument, FailureAction::kBury},
      {absl::StatusCode::kDeadlineExceeded, FailureAction::kRetry},
      {absl::StatusCode::kNotFound, FailureAction::kBury},
      {absl::StatusCode::kAlreadyExists, FailureAction::kBury},
      {absl::StatusCode::kPermissionDenied, FailureAction::kBury},
      {absl::StatusCode::kResourceExhausted, FailureAction::kRetry},
      {absl::StatusCode::kFailedPrecondition, FailureAction::kBury},
      {absl::StatusCode::kAborted, FailureAction::kDrop},
      {absl::StatusCode::kOutOfRange, FailureAction::kBury},
      {absl::StatusCode::kUnimplemented, FailureAction::kBury},
      {absl::StatusCode::kInternal, FailureAction::kRetryThenBury},
      {absl::StatusCode::kUnavailable, FailureAction::kRetry},
      {absl::StatusCode::kDataLoss, FailureAction::kBury},
      {absl::StatusCode::kUnauthenticated, FailureAction::kBury},
  };
  for (int code = 1; code <= 16; ++code) {
    const auto status_code = static_cast<absl::StatusCode>(code);
    EXPECT_EQ(ActionFor(status_code), table.at(status_code))
        << absl::StatusCodeToString(status_code);
  }
}

class DelayTest : public ::testing::Test {
 protected:
  // Every one of many draws lies in [low, high], and they are not all the same.
  void ExpectDelays(int failures, absl::Duration low, absl::Duration high) {
    absl::Duration least = absl::InfiniteDuration();
    absl::Duration most = absl::ZeroDuration();
    for (int draw = 0; draw < 1000; ++draw) {
      const absl::Duration delay = DelayBeforeRetry(backoff_, failures, random_);
      least = std::min(least, delay);
      most = std::max(most, delay);
    }
    EXPECT_GE(least, low) << failures;
    EXPECT_LE(most, high) << failures;
    // 1,000 even draws leave a tenth of the range empty once in 10^45 runs.
    EXPECT_LT(least, low + 0.1 * (high - low)) << failures;
    EXPECT_GT(most, high - 0.1 * (high - low)) << failures;
  }

  const Backoff backoff_{absl::Seconds(1), absl::Seconds(10), 2.0};
  absl::BitGen random_;
};

TEST_F(DelayTest, DoublesWithEachFailureAndIsDrawnFromItsUpperHalf) {
  ExpectDelays(1, absl::Seconds(0.5), absl::Seconds(1));
  ExpectDelays(2, absl::Seconds(1), absl::Seconds(2));
  ExpectDelays(4, absl::Seconds(4), absl::Seconds(8));
}

TEST_F(DelayTest, IsCappedHoweverManyFailures) {
  ExpectDelays(5, absl::Seconds(5), absl::Seconds(10));
  ExpectDelays(1'000'000, absl::Seconds(5), absl::Seconds(10));
}

TEST_F(DelayTest, TreatsNoFailureAsTheFirst) {
  ExpectDelays(0, absl::Seconds(0.5), absl::Seconds(1));
}

}  // namespace
}  // namespace camnode
