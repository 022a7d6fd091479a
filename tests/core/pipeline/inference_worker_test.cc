// The worker's loop on the real queue, with an analyzer that does what each test
// says.  Nothing sleeps: the analyzer tells the worker to drain when the test has
// seen enough, and Run returns.

#include "core/pipeline/inference_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>

#include "absl/strings/str_join.h"
#include "core/base/log.h"
#include "tests/core/pipeline/pipeline_fixture.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct FakeFilm final : DecodedFilm {
  explicit FakeFilm(int64_t i) : id(i) {}
  int64_t id;
};

// Films are called by their instance's row number.  Thread-safe.
class FakeAnalyzer final : public FilmAnalyzer {
 public:
  using Step = std::function<absl::Status(int64_t film)>;

  absl::StatusOr<std::unique_ptr<DecodedFilm>> Decode(const Instance& instance) override {
    Note(absl::StrCat("decode ", instance.id), +1);
    absl::Status status = on_decode ? on_decode(instance.id) : absl::OkStatus();
    if (!status.ok()) return status;
    return std::unique_ptr<DecodedFilm>(new FakeFilm(instance.id));
  }

  absl::StatusOr<AnalyzedFilm> Compute(const Job& job, const Instance& instance,
                                       const DecodedFilm& film) override {
    EXPECT_EQ(static_cast<const FakeFilm&>(film).id, instance.id);
    EXPECT_GT(job.analysis_started_ms, 0) << "computed without Start";
    Note(absl::StrCat("compute ", instance.id), 0);
    absl::Status status = on_compute ? on_compute(instance.id) : absl::OkStatus();
    Note(absl::StrCat("end ", instance.id), 0);
    if (!status.ok()) return status;
    AnalyzedFilm analyzed;
    analyzed.analysis.instance_id = instance.id;
    analyzed.analysis.workflow = job.workflow;
    analyzed.analysis.model_set = "run";
    analyzed.analysis.threshold_set = "thresholds";
    analyzed.analysis.started_ms = job.analysis_started_ms;
    analyzed.analysis.outcome = outcome;
    if (outcome == AnalysisOutcome::kNotEligible) analyzed.analysis.reason_code = "NOT_CHEST";
    return analyzed;
  }

  void ComputeTogether(const std::vector<WaitingFilm>& films) override {
    std::vector<int64_t> ids;
    for (const WaitingFilm& waiting : films) {
      EXPECT_EQ(static_cast<const FakeFilm&>(waiting.film).id, waiting.instance.id);
      ids.push_back(waiting.instance.id);
    }
    Note(absl::StrCat("together ", absl::StrJoin(ids, " ")), 0);
    if (on_together) on_together(ids);
  }

  bool IsBroken() const override { return broken; }

  std::vector<std::string> events() {
    MutexLock lock(&mutex_);
    return events_;
  }

  // False if fewer than `count` films had begun to be decoded after `patience`.
  bool WaitForDecodes(int count, absl::Duration patience = kPatience) {
    const absl::Time deadline = absl::Now() + patience;
    MutexLock lock(&mutex_);
    while (decodes_ < count && absl::Now() < deadline) {
      changed_.WaitWithTimeout(&mutex_, deadline - absl::Now());
    }
    return decodes_ >= count;
  }

  // Set before the worker runs.
  Step on_decode;
  Step on_compute;
  std::function<void(const std::vector<int64_t>& films)> on_together;
  AnalysisOutcome outcome = AnalysisOutcome::kAnalyzed;
  std::atomic<bool> broken{false};

 private:
  void Note(std::string event, int decodes) {
    MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
    decodes_ += decodes;
    changed_.SignalAll();
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  int decodes_ ABSL_GUARDED_BY(mutex_) = 0;
};

std::vector<std::string>& LogLines() {
  static auto* const lines = new std::vector<std::string>;
  return *lines;
}
Mutex& LogMutex() {
  static auto* const mutex = new Mutex;
  return *mutex;
}
void KeepLine(absl::string_view line) {
  MutexLock lock(&LogMutex());
  LogLines().emplace_back(line);
}

// Long enough for what must not happen to happen.
constexpr absl::Duration kMoment = absl::Milliseconds(50);

class InferenceWorkerTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    LogLines().clear();
    SetLogSinkForTesting(KeepLine);
  }
  void TearDown() override { SetLogSinkForTesting(nullptr); }

  InferenceWorkerOptions Options(int decode_ahead = 0) {
    InferenceWorkerOptions options;
    options.name = "worker";
    options.decode_ahead = decode_ahead;
    options.poll_interval = absl::Milliseconds(10);
    options.destinations = {{"default", {"PACS"}}, {"trial", {"LAB"}}};
    return options;
  }

  // Runs until `films` have been computed (or, failing that, decoded).
  absl::Status RunUntil(int films, const InferenceWorkerOptions& options) {
    Doorbell& doorbell = *opened_.doorbell;
    InferenceWorker worker(options, *queue_, *instances_, *results_, doorbell, analyzer_);
    drain_ = [&worker] { worker.Drain(); };
    const FakeAnalyzer::Step step = analyzer_.on_compute;
    std::atomic<int> left{films};
    analyzer_.on_compute = [&, step](int64_t film) {
      if (--left == 0) worker.Drain();
      return step ? step(film) : absl::OkStatus();
    };
    const absl::Status status = worker.Run();
    analyzer_.on_compute = step;
    return status;
  }

  // For tests in which nothing is computed.
  absl::Status RunUntilDrained() { return RunUntil(-1, Options()); }

  std::vector<std::string> JobLines() {
    MutexLock lock(&LogMutex());
    std::vector<std::string> lines;
    for (const std::string& line : LogLines()) {
      if (line.find("\"event\":\"job\"") != std::string::npos) lines.push_back(line);
    }
    return lines;
  }

  FakeAnalyzer analyzer_;
  std::function<void()> drain_;  // Of the worker that runs.
};

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

TEST_F(InferenceWorkerTest, ARefusedFilmIsAResultToo) {
  const int64_t job = Enqueue("1.2.3");
  analyzer_.outcome = AnalysisOutcome::kNotEligible;
  ASSERT_THAT(RunUntil(1, Options()), IsOk());
  EXPECT_EQ(JobNow(job).state, JobState::kDone);
  EXPECT_THAT(JobLines(), ElementsAre(AllOf(HasSubstr("\"outcome\":\"not_eligible\""),
                                            HasSubstr("\"reason\":\"NOT_CHEST\""))));
}

TEST_F(InferenceWorkerTest, ABellWakesItWithoutWaitingForThePoll) {
  InferenceWorkerOptions options = Options();
  options.poll_interval = absl::Hours(1);
  InferenceWorker worker(options, *queue_, *instances_, *results_, *opened_.doorbell, analyzer_);
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

// While film 1 is computed, films 2 to 4 are decoded, and 5 has begun to be.
class InferenceWorkerBatchTest : public InferenceWorkerTest {
 protected:
  void SetUp() override {
    InferenceWorkerTest::SetUp();
    for (const char* uid : {"1.2.3", "1.2.4", "1.2.5", "1.2.6", "1.2.7"}) {
      jobs_.push_back(Enqueue(uid));
    }
    analyzer_.on_compute = [this](int64_t film) {
      EXPECT_TRUE(film != 1 || analyzer_.WaitForDecodes(5));
      return film == bad_film_ ? absl::DataLossError("bad film") : absl::OkStatus();
    };
  }

  InferenceWorkerOptions BatchesOf(int films) {
    InferenceWorkerOptions options = Options(4);
    options.max_batch = films;
    return options;
  }

  std::vector<int64_t> jobs_;
  int64_t bad_film_ = 0;
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
  const int64_t suspect = Enqueue("1.2.1");
  Enqueue("1.2.2");
  // The first film was running when its worker was killed; it goes behind the
  // second, and two more come after it.
  JobLease killed = LeaseOne("killed");
  ASSERT_EQ(killed.job().id, suspect);
  ASSERT_THAT(killed.Start(), IsOk());
  clock_.Advance(absl::Seconds(1));
  ASSERT_THAT(queue_->ReturnLeases("killed", WorkerEnd::kStopped), IsOk());
  ASSERT_TRUE(JobNow(suspect).alone);
  clock_.Advance(absl::Seconds(1));
  Enqueue("1.2.3");
  Enqueue("1.2.4");

  analyzer_.on_compute = [&](int64_t film) {
    // Decoding runs ahead, but not to the suspect, and not from it.
    EXPECT_FALSE(film == 2 && analyzer_.WaitForDecodes(2, kMoment)) << "beside the one before";
    EXPECT_FALSE(film == 1 && analyzer_.WaitForDecodes(3, kMoment)) << "beside the one after";
    EXPECT_TRUE(film != 3 || analyzer_.WaitForDecodes(4)) << "later films go on as ever";
    return absl::OkStatus();
  };
  ASSERT_THAT(RunUntil(4, Options(2)), IsOk());

  const std::vector<std::string> events = analyzer_.events();
  EXPECT_THAT(
      std::vector<std::string>(events.begin(), events.begin() + 7),
      ElementsAre("decode 2", "compute 2", "end 2", "decode 1", "compute 1", "end 1", "decode 3"));
  EXPECT_EQ(AnalysesOf("1.2"), 4u);
}

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
    const absl::Time deadline = absl::Now() + timeout;
    MutexLock lock(&mutex_);
    waited_for_ = true;
    changed_.SignalAll();
    while (!stopped_ && absl::Now() < deadline) {
      changed_.WaitWithTimeout(&mutex_, deadline - absl::Now());
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
  InferenceWorker worker(options, *queue_, *instances_, *results_, doorbell, analyzer_);
  const absl::Time start = absl::Now();
  std::thread runner([&] { EXPECT_THAT(worker.Run(), IsOk()); });
  doorbell.WaitUntilSomebodyWaits();
  worker.Drain();
  runner.join();
  EXPECT_LT(absl::Now() - start, kPatience);
}

TEST_F(InferenceWorkerTest, AWorkerToldToStopBeforeItRunsTakesNothing) {
  const int64_t job = Enqueue("1.2.3");
  InferenceWorker worker(Options(), *queue_, *instances_, *results_, *opened_.doorbell, analyzer_);
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

TEST_F(InferenceWorkerTest, AQueueThatDoesNotAnswerIsLoggedOnceAndTriedAgain) {
  const int64_t job = Enqueue("1.2.3");
  database_->FailWrites(absl::UnavailableError("locked"));
  InferenceWorker worker(Options(), *queue_, *instances_, *results_, *opened_.doorbell, analyzer_);
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
