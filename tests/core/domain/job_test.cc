// The job's whole state machine, square by square.

#include "core/domain/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr JobState kStates[] = {JobState::kQueued, JobState::kLeased, JobState::kDone,
                                JobState::kBuried};

TEST(JobTest, TakesTheSixLegalTransitionsAndNoOther) {
  const std::set<std::pair<JobState, JobState>> legal = {
      {JobState::kQueued, JobState::kLeased},
      {JobState::kLeased, JobState::kQueued},  // Retry, or given back.
      {JobState::kLeased, JobState::kLeased},  // The lease ran out.
      {JobState::kLeased, JobState::kDone},
      {JobState::kLeased, JobState::kBuried},
      {JobState::kBuried, JobState::kQueued},  // Requeued by a human.
  };
  for (const JobState from : kStates) {
    for (const JobState to : kStates) {
      if (legal.count({from, to}) > 0) {
        EXPECT_THAT(CheckTransition(from, to), IsOk());
      } else {
        EXPECT_THAT(CheckTransition(from, to),
                    StatusIs(absl::StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr(std::string(JobStateName(from))),
                                   HasSubstr(std::string(JobStateName(to))))));
      }
    }
  }
}

TEST(JobTest, ReadsTheNamesItWrites) {
  for (const JobState state : kStates) {
    EXPECT_THAT(ParseJobState(JobStateName(state)), IsOkAndHolds(state));
  }
  EXPECT_THAT(ParseJobState("lost"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseJobState(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
