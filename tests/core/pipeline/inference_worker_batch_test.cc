// Films that wait are computed together, and each ends by itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/domain/job.h"
#include "core/pipeline/inference_worker.h"
#include "tests/core/pipeline/inference_worker_fixture.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// Film 1 is computed alone, and meanwhile films 2 to 4 are decoded and 5 has begun to
// be.
class InferenceWorkerBatchTest : public InferenceWorkerTest {
 protected:
  void SetUp() override {
    InferenceWorkerTest::SetUp();
    for (const char* uid : {"1.2.3", "1.2.4", "1.2.5", "1.2.6", "1.2.7"}) {
      jobs_.push_back(Enqueue(uid));
    }
    analyzer_.on_decode = [this](int64_t film) {
      if (film == 2) first_is_computed_.get_future().wait_for(absl::ToChronoSeconds(kPatience));
      return absl::OkStatus();
    };
    analyzer_.on_compute = [this](int64_t film) {
      if (film == 1) {
        first_is_computed_.set_value();
        EXPECT_TRUE(analyzer_.WaitForDecodes(5));
      }
      return film == bad_film_ ? absl::DataLossError("bad film") : absl::OkStatus();
    };
  }

  InferenceWorkerOptions BatchesOf(int films) {
    InferenceWorkerOptions options = Options(4);
    options.settings.max_batch = films;
    return options;
  }

  std::vector<int64_t> jobs_;
  int64_t bad_film_ = 0;
  std::promise<void> first_is_computed_;
};

TEST_F(InferenceWorkerBatchTest, FilmsThatWaitAreComputedTogetherAndCommittedEachByItself) {
  ASSERT_THAT(RunUntil(5, BatchesOf(3)), IsOk());
  EXPECT_THAT(analyzer_.events(), ::testing::IsSupersetOf({"compute 1", "together 2 3 4",
                                                           "compute 2", "compute 3", "compute 4"}));
  EXPECT_EQ(AnalysesOf("1.2"), 5u);
}

TEST_F(InferenceWorkerBatchTest, OneFilmThatFailsTakesNoOtherWithIt) {
  bad_film_ = 3;
  ASSERT_THAT(RunUntil(5, BatchesOf(3)), IsOk());
  for (size_t i = 0; i < jobs_.size(); ++i) {
    EXPECT_EQ(JobNow(jobs_[i]).state, i == 2 ? JobState::kBuried : JobState::kDone) << i;
  }
}

TEST_F(InferenceWorkerBatchTest, WhatThrowsWhileTheyAreTogetherIsForgivenIfEachGoesWell) {
  analyzer_.on_together = [](const std::vector<int64_t>&) { throw std::runtime_error("together"); };
  ASSERT_THAT(RunUntil(5, BatchesOf(3)), IsOk());
  EXPECT_EQ(AnalysesOf("1.2"), 5u);
  EXPECT_EQ(JobNow(jobs_[1]).failures, 0);
}

TEST_F(InferenceWorkerBatchTest, EveryFilmOfABatchHasStartedWhenItIsComputed) {
  analyzer_.on_together = [this](const std::vector<int64_t>& films) {
    for (const int64_t film : films) {
      EXPECT_GT(JobNow(jobs_[static_cast<size_t>(film - 1)]).analysis_started_ms, 0);
    }
  };
  ASSERT_THAT(RunUntil(5, BatchesOf(3)), IsOk());
}

TEST_F(InferenceWorkerBatchTest, WhenToldToStopItGivesTheRestOfABatchBackUncharged) {
  analyzer_.on_together = [this](const std::vector<int64_t>&) { drain_(); };
  ASSERT_THAT(RunUntil(-1, BatchesOf(3)), IsOk());
  EXPECT_EQ(AnalysesOf("1.2"), 1u);
  EXPECT_EQ(JobNow(jobs_[1]).state, JobState::kQueued);
  EXPECT_EQ(JobNow(jobs_[1]).failures, 0);
}

TEST_F(InferenceWorkerBatchTest, BatchesOfOneAreNone) {
  ASSERT_THAT(RunUntil(5, BatchesOf(1)), IsOk());
  for (const std::string& event : analyzer_.events()) {
    EXPECT_THAT(event, ::testing::Not(HasSubstr("together")));
  }
}

}  // namespace
}  // namespace camnode
