// IsOk, IsOkAndHolds and StatusIs, under the semantics of the matchers of the same
// name in later Abseil releases, so that this file can be deleted one day.

#ifndef CAMNODE_TESTS_TESTING_STATUS_MATCHERS_H_
#define CAMNODE_TESTS_TESTING_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {
namespace testing_internal {

inline const absl::Status& GetStatus(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& statusor) {
  return statusor.status();
}

}  // namespace testing_internal

MATCHER(IsOk, negation ? "is not OK" : "is OK") {
  *result_listener << testing_internal::GetStatus(arg).ToString();
  return testing_internal::GetStatus(arg).ok();
}

MATCHER_P(StatusIs, code, "has code " + absl::StatusCodeToString(code)) {
  *result_listener << testing_internal::GetStatus(arg).ToString();
  return testing_internal::GetStatus(arg).code() == code;
}

MATCHER_P2(StatusIs, code, message_matcher, "has code " + absl::StatusCodeToString(code)) {
  *result_listener << testing_internal::GetStatus(arg).ToString();
  return testing_internal::GetStatus(arg).code() == code &&
         ::testing::ExplainMatchResult(message_matcher,
                                       std::string(testing_internal::GetStatus(arg).message()),
                                       result_listener);
}

MATCHER_P(IsOkAndHolds, value_matcher, "is OK and holds a matching value") {
  if (!arg.ok()) {
    *result_listener << arg.status().ToString();
    return false;
  }
  return ::testing::ExplainMatchResult(value_matcher, *arg, result_listener);
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_STATUS_MATCHERS_H_
