// How the worker stops, and what it does when it cannot go on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/domain/job.h"
#include "core/pipeline/inference_worker.h"
#include "core/storage/sql/doorbell.h"
#include "tests/core/pipeline/inference_worker_fixture.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

TEST_F(InferenceWorkerTest, DrainingFinishesTheFilmInHandAndGivesBackTheOthersUncharged) {
  const int64_t in_hand = Enqueue("1.2.3");
  const int64_t waiting = Enqueue("1.2.4");
  const int64_t also_waiting = Enqueue("1.2.5");
  const int64_t untouched = Enqueue("1.2.6");
  analyzer_.on_compute = [&](int64_t) {
    EXPECT_TRUE(analyzer_.WaitForDecodes(3));
    drain_();
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(100, Options(2)), IsOk());

  EXPECT_EQ(JobNow(in_hand).state, JobState::kDone);
  for (const int64_t job : {waiting, also_waiting}) {
    EXPECT_EQ(JobNow(job).state, JobState::kQueued);
    EXPECT_EQ(JobNow(job).failures, 0);
    EXPECT_EQ(JobNow(job).interruptions, 0);
    EXPECT_FALSE(JobNow(job).alone);
  }
  EXPECT_EQ(JobNow(untouched).attempt, 0);
  // At once, for the next worker.
  EXPECT_EQ(queue_->Lease("next", 10)->size(), 3u);
}

// Tells when somebody waits; never rings.
class SilentDoorbell final : public Doorbell {
 public:
  void Ring(absl::string_view) override {}
  bool Wait(absl::string_view, absl::Duration timeout) override {
    const Deadline deadline(timeout);
    MutexLock lock(&mutex_);
    waited_for_ = true;
    changed_.SignalAll();
    while (!stopped_ && !deadline.Expired()) {
      changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
    }
    return false;
  }
  void Stop() override {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  void WaitUntilSomebodyWaits() {
    MutexLock lock(&mutex_);
    while (!waited_for_) changed_.Wait(&mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool waited_for_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_F(InferenceWorkerTest, AnIdleWorkerStopsAtOnce) {
  SilentDoorbell doorbell;
  InferenceWorkerOptions options = Options();
  options.poll_interval = kPatience;
  InferenceWorker worker(options, *queue_, *instances_, *results_, doorbell, analyzer_, steps_);
  const Stopwatch stopwatch;
  std::thread runner([&] { EXPECT_THAT(worker.Run(), IsOk()); });
  doorbell.WaitUntilSomebodyWaits();
  worker.Drain();
  runner.join();
  EXPECT_LT(stopwatch.Elapsed(), kPatience);
}

TEST_F(InferenceWorkerTest, AWorkerToldToStopBeforeItRunsTakesNothing) {
  const int64_t job = Enqueue("1.2.3");
  InferenceWorker worker(Options(), *queue_, *instances_, *results_, *opened_.doorbell, analyzer_,
                         steps_);
  worker.Drain();
  EXPECT_THAT(worker.Run(), IsOk());
  EXPECT_EQ(JobNow(job).attempt, 0);
}

TEST_F(InferenceWorkerTest, ABrokenDeviceEndsTheRunAndLeavesTheLeasesToRunOut) {
  const int64_t job = Enqueue("1.2.3");
  const int64_t next = Enqueue("1.2.4");
  analyzer_.on_compute = [&](int64_t) {
    EXPECT_TRUE(analyzer_.WaitForDecodes(2));
    analyzer_.broken = true;
    return absl::InternalError("CUDA error: an illegal memory access was encountered");
  };
  EXPECT_THAT(RunUntil(100, Options(1)), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(JobNow(job).state, JobState::kLeased);
  EXPECT_EQ(JobNow(next).state, JobState::kLeased);
  EXPECT_THAT(JobLines()[0], HasSubstr("left_to_run_out"));
}

TEST_F(InferenceWorkerTest, AStopIsNotHeldUpByADatabaseThatTakesNoEnding) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_compute = [&](int64_t) {
    database_->FailWrites(absl::UnavailableError("gone"));
    drain_();
    return absl::OkStatus();
  };
  const Stopwatch stopwatch;
  ASSERT_THAT(RunUntil(100, Options()), IsOk());

  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(10));
  EXPECT_EQ(JobNow(job).state, JobState::kLeased) << "for the node to give back";
  EXPECT_THAT(JobLines()[0], HasSubstr("left_to_run_out"));
}

TEST_F(InferenceWorkerTest, AQueueThatDoesNotAnswerIsLoggedOnceAndTriedAgain) {
  const int64_t job = Enqueue("1.2.3");
  database_->FailWrites(absl::UnavailableError("locked"));
  InferenceWorker worker(Options(), *queue_, *instances_, *results_, *opened_.doorbell, analyzer_,
                         steps_);
  analyzer_.on_compute = [&](int64_t) {
    worker.Drain();
    return absl::OkStatus();
  };
  std::thread runner([&] { EXPECT_THAT(worker.Run(), IsOk()); });
  int failed = -1;
  EXPECT_TRUE(database_->WaitUntil([&] { return ++failed >= 3; }));
  database_->FailWrites(absl::OkStatus());
  EXPECT_TRUE(database_->WaitUntil([&] { return JobNow(job).state == JobState::kDone; }));
  worker.Drain();
  runner.join();
  MutexLock lock(&LogMutex());
  int told = 0;
  for (const std::string& line : LogLines()) {
    told += line.find("queue_unreachable") != std::string::npos;
  }
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace camnode
