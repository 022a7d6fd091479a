// What becomes of each film that the worker takes.
// Also: job_log.

#include "core/pipeline/inference_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "core/domain/analysis.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "tests/core/pipeline/inference_worker_fixture.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(InferenceWorkerTest, ComputesCommitsAndSchedulesDeliveryOnce) {
  const int64_t job = Enqueue("1.2.3");

  ASSERT_THAT(RunUntil(1, Options()), IsOk());

  EXPECT_EQ(JobNow(job).state, JobState::kDone);
  const auto analysis = results_->FindBySopInstanceUid(Uid::Parse("1.2.3").value());
  ASSERT_THAT(analysis, IsOk());
  EXPECT_EQ(analysis->analysis.model_set, "run") << "what was run, not what was asked for";
  EXPECT_EQ(analysis->analysis.started_ms, JobNow(job).analysis_started_ms);
  EXPECT_THAT(JobLines(), ElementsAre(HasSubstr("\"outcome\":\"done\"")));
}

// Its blobs are on a volume that is away: no film is even leased, let alone buried.
TEST_F(InferenceWorkerTest, LeasesNothingUntilItMay) {
  const int64_t job = Enqueue("1.2.3");
  InferenceWorkerOptions options = Options();
  options.poll_interval = absl::Milliseconds(1);
  int asked = 0;
  options.may_lease = [&]() -> absl::Status {
    if (++asked > 3) return absl::OkStatus();
    EXPECT_EQ(JobNow(job).attempt, 0);
    return absl::UnavailableError("the volume is away");
  };

  ASSERT_THAT(RunUntil(1, options), IsOk());

  EXPECT_EQ(JobNow(job).state, JobState::kDone);
  EXPECT_EQ(JobNow(job).attempt, 1);
}

TEST_F(InferenceWorkerTest, ARefusedFilmIsAResultToo) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.outcome = AnalysisOutcome::kNotEligible;
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_EQ(JobNow(job).state, JobState::kDone);
  EXPECT_THAT(JobLines(), ElementsAre(AllOf(HasSubstr("\"outcome\":\"not_eligible\""),
                                            HasSubstr("\"reason\":\"NOT_CHEST\""))));
}

TEST_F(InferenceWorkerTest, AClockThatIsSetBackMeanwhileMakesNoDurationNegative) {
  Enqueue("1.2.3");
  analyzer_.on_compute = [](int64_t) {
    SetBackTheWallClock();
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_THAT(JobLines(), ElementsAre(AllOf(HasSubstr("\"duration_ms\":"),
                                            Not(HasSubstr("\"duration_ms\":-")))));
}

TEST_F(InferenceWorkerTest, ABellWakesItWithoutWaitingForThePoll) {
  InferenceWorkerOptions options = Options();
  options.poll_interval = absl::Hours(1);
  InferenceWorker worker(options, *queue_, *instances_, *results_, *opened_.doorbell, analyzer_,
                         steps_);
  analyzer_.on_compute = [&](int64_t) {
    worker.Drain();
    return absl::OkStatus();
  };
  std::thread runner([&] { EXPECT_THAT(worker.Run(), IsOk()); });
  const int64_t job = Enqueue("1.2.3");
  EXPECT_TRUE(database_->WaitUntil([&] { return JobNow(job).state == JobState::kDone; }));
  worker.Drain();
  runner.join();
}

TEST_F(InferenceWorkerTest, TheWorldsFaultIsRetriedLaterAndNeverCharged) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_compute = [](int64_t) { return absl::ResourceExhaustedError("disk full"); };
  for (int i = 1; i <= 5; ++i) {
    ASSERT_THAT(RunUntil(1, Options()), IsOk());
    EXPECT_EQ(JobNow(job).state, JobState::kQueued);
    EXPECT_EQ(JobNow(job).failures, 0);
    EXPECT_THAT(queue_->Lease("another", 1).value(), IsEmpty()) << "no backoff";
    clock_.Advance(absl::Minutes(10));
  }
  EXPECT_THAT(JobNow(job).last_error, HasSubstr("disk full"));
  analyzer_.on_compute = nullptr;
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_EQ(JobNow(job).state, JobState::kDone);
}

TEST_F(InferenceWorkerTest, AnUnexplainedErrorIsTriedThreeTimesThenBuried) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_compute = [](int64_t) { return absl::InternalError("not finite"); };
  for (int failures = 1; failures <= 2; ++failures) {
    ASSERT_THAT(RunUntil(1, Options()), IsOk());
    EXPECT_EQ(JobNow(job).state, JobState::kQueued);
    EXPECT_EQ(JobNow(job).failures, failures);
    clock_.Advance(absl::Minutes(10));
  }
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_EQ(JobNow(job).state, JobState::kBuried);
  EXPECT_THAT(JobLines().back(), HasSubstr("\"outcome\":\"bury\""));
}

TEST_F(InferenceWorkerTest, ADamagedFilmIsBuriedAndTheNextOneGoesOn) {
  const int64_t damaged = Enqueue("1.2.3");
  const int64_t good = Enqueue("1.2.4");
  analyzer_.on_decode = [&](int64_t film) {
    return film == 1 ? absl::DataLossError("JPEG is damaged") : absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(1, Options(2)), IsOk());
  EXPECT_EQ(JobNow(damaged).state, JobState::kBuried);
  EXPECT_THAT(JobNow(damaged).last_error, HasSubstr("JPEG is damaged"));
  EXPECT_EQ(JobNow(good).state, JobState::kDone);
}

TEST_F(InferenceWorkerTest, ExceptionsEndAtTheLoopAndAreCharged) {
  const int64_t job = Enqueue("1.2.3");
  const std::function<absl::Status(int64_t)> throwers[] = {
      [](int64_t) -> absl::Status { throw std::runtime_error("from below"); },
      [](int64_t) -> absl::Status { throw std::bad_alloc(); },
      [](int64_t) -> absl::Status { throw 7; },
  };
  int failures = 0;
  for (const auto& thrower : throwers) {
    analyzer_.on_compute = thrower;
    ASSERT_THAT(RunUntil(1, Options()), IsOk());
    EXPECT_EQ(JobNow(job).failures, ++failures);
    clock_.Advance(absl::Minutes(10));
  }
  EXPECT_EQ(JobNow(job).state, JobState::kBuried);
  EXPECT_THAT(JobLines()[0], HasSubstr("from below"));
  EXPECT_THAT(JobLines()[1], HasSubstr("out of memory"));
}

TEST_F(InferenceWorkerTest, AnExceptionWhileDecodingIsChargedToo) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_decode = [&](int64_t) -> absl::Status {
    drain_();
    throw std::runtime_error("decoder");
  };
  ASSERT_THAT(RunUntilDrained(), IsOk());
  EXPECT_EQ(JobNow(job).failures, 1);
  EXPECT_EQ(JobNow(job).state, JobState::kQueued);
}

// A stalled worker wakes after another has done its job.
TEST_F(InferenceWorkerTest, AStaleAttemptChangesNothing) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_compute = [&](int64_t film) {
    clock_.Advance(absl::Minutes(3));
    JobLease other = LeaseOne("another");
    EXPECT_EQ(other.job().attempt, 2);
    Analysis theirs;
    theirs.instance_id = film;
    theirs.model_set = "theirs";
    EXPECT_THAT(results_->Commit(std::move(other), theirs, {}, {}), IsOk());
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_EQ(JobNow(job).state, JobState::kDone);
  EXPECT_EQ(AnalysesOf("1.2"), 1u);
  EXPECT_EQ(results_->FindBySopInstanceUid(Uid::Parse("1.2.3").value())->analysis.model_set,
            "theirs");
  EXPECT_THAT(JobLines(), ElementsAre(HasSubstr("\"outcome\":\"lost\"")));
}

TEST_F(InferenceWorkerTest, ACommitThatTheDatabaseRefusesIsTriedAgainAndNotCharged) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_compute = [&](int64_t) {
    database_->FailNextWrite(absl::ResourceExhaustedError("disk full"));
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_EQ(JobNow(job).state, JobState::kQueued);
  EXPECT_EQ(JobNow(job).failures, 0);
  EXPECT_EQ(AnalysesOf("1.2"), 0u);
}

// A disk that is full for a while: the film's end is recorded late, and costs it nothing.
TEST_F(InferenceWorkerTest, AnEndingThatTheDatabaseDoesNotTakeIsRecordedOnceItDoes) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.on_compute = [&](int64_t) {
    database_->FailWrites(absl::ResourceExhaustedError("disk full"));
    return absl::OkStatus();
  };
  InferenceWorker worker(Options(), *queue_, *instances_, *results_, *opened_.doorbell, analyzer_,
                         steps_);
  std::thread runner([&] { EXPECT_THAT(worker.Run(), IsOk()); });
  // The commit, its giving back, and that again.
  int failed = 0;
  EXPECT_TRUE(database_->WaitUntil([&] {
    return JobNow(job).state == JobState::kLeased && JobNow(job).analysis_started_ms > 0 &&
           ++failed >= 4;
  }));
  database_->FailWrites(absl::OkStatus());
  EXPECT_TRUE(database_->WaitUntil([&] { return JobNow(job).state == JobState::kQueued; }));
  worker.Drain();
  runner.join();

  EXPECT_EQ(JobNow(job).attempt, 1);
  EXPECT_EQ(JobNow(job).failures, 0);
  EXPECT_THAT(JobLines(), ElementsAre(HasSubstr("\"outcome\":\"retry\"")));
}

TEST_F(InferenceWorkerTest, AStartThatTheDatabaseDoesNotTakeIsGivenBack) {
  const int64_t job = Enqueue("1.2.3");
  InferenceWorker worker(Options(), *queue_, *instances_, *results_, *opened_.doorbell, analyzer_,
                         steps_);
  bool failed_once = false;
  database_->BeforeWrite([&] {
    // The write after the lease.
    if (JobNow(job).state != JobState::kLeased || std::exchange(failed_once, true)) return;
    database_->FailNextWrite(absl::ResourceExhaustedError("disk full"));
  });
  std::thread runner([&] { EXPECT_THAT(worker.Run(), IsOk()); });
  EXPECT_TRUE(database_->WaitUntil(
      [&] { return JobNow(job).state == JobState::kQueued && JobNow(job).attempt == 1; }));
  worker.Drain();
  runner.join();

  EXPECT_EQ(JobNow(job).failures, 0);
  EXPECT_THAT(JobNow(job).last_error, HasSubstr("disk full"));
}

TEST_F(InferenceWorkerTest, DecodingRunsAheadOfComputingByTheFilmsAllowed) {
  for (const char* uid : {"1.2.3", "1.2.4", "1.2.5", "1.2.6", "1.2.7"}) Enqueue(uid);
  analyzer_.on_compute = [&](int64_t film) {
    if (film != 1) return absl::OkStatus();
    EXPECT_TRUE(analyzer_.WaitForDecodes(3)) << "two films are decoded beside the one computed";
    EXPECT_FALSE(analyzer_.WaitForDecodes(4, kMoment)) << "and no third";
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(5, Options(2)), IsOk());
  EXPECT_EQ(AnalysesOf("1.2"), 5u);
}

TEST_F(InferenceWorkerTest, WithoutDecodeAheadFilmsComeOneByOne) {
  Enqueue("1.2.3");
  Enqueue("1.2.4");
  analyzer_.on_compute = [&](int64_t film) {
    EXPECT_FALSE(film == 1 && analyzer_.WaitForDecodes(2, kMoment));
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(2, Options(0)), IsOk());
  EXPECT_THAT(analyzer_.events(),
              ElementsAre("decode 1", "compute 1", "end 1", "decode 2", "compute 2", "end 2"));
}

TEST_F(InferenceWorkerTest, ASuspectRunsWithNothingBesideIt) {
  Enqueue("1.2.1");
  const int64_t suspect = Enqueue("1.2.2");
  // The second film was running when its worker was killed; one was there before it, and two more
  // come after it.
  const JobLease waiting = LeaseOne("killed");
  JobLease killed = LeaseOne("killed");
  ASSERT_EQ(killed.job().id, suspect);
  ASSERT_THAT(killed.Start(), IsOk());
  ASSERT_THAT(queue_->ReturnLeases("killed", WorkerEnd::kStopped), IsOk());
  ASSERT_TRUE(JobNow(suspect).alone);
  clock_.Advance(absl::Seconds(1));
  Enqueue("1.2.3");
  Enqueue("1.2.4");

  analyzer_.on_compute = [&](int64_t film) {
    // Decoding runs ahead, but not to the suspect, and not from it.
    EXPECT_FALSE(film == 1 && analyzer_.WaitForDecodes(2, kMoment)) << "beside the one before";
    EXPECT_FALSE(film == 2 && analyzer_.WaitForDecodes(3, kMoment)) << "beside the one after";
    EXPECT_TRUE(film != 3 || analyzer_.WaitForDecodes(4)) << "later films go on as ever";
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(4, Options(2)), IsOk());

  const std::vector<std::string> events = analyzer_.events();
  EXPECT_THAT(
      std::vector<std::string>(events.begin(), events.begin() + 7),
      ElementsAre("decode 1", "compute 1", "end 1", "decode 2", "compute 2", "end 2", "decode 3"));
  EXPECT_EQ(AnalysesOf("1.2"), 4u);
}

TEST_F(InferenceWorkerTest, NoLineNamesAPatient) {
  Enqueue("1.2.3");
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  const std::string line = JobLines().at(0);
  for (const char* field : {"\"job\":1", "\"attempt\":1", "\"instance\":\"1.2.3\"",
                            "\"duration_ms\":", "\"outcome\":\"done\""}) {
    EXPECT_THAT(line, HasSubstr(field));
  }
}

}  // namespace
}  // namespace camnode
