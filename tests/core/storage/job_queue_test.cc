// The queue's promises: one attempt at a time counts, nobody innocent is buried,
// nobody guilty comes back for ever.
// Also: due, job_lease, job_rows.

#include "core/storage/job_queue.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/storage/event_log.h"
#include "core/storage/instance_store.h"
#include "core/storage/sql/open_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class JobQueueTest : public StoresTest {
 protected:
  std::vector<int64_t> LeaseIds(int max_jobs) {
    absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease("worker-a", max_jobs);
    EXPECT_THAT(leases, IsOk());
    std::vector<int64_t> ids;
    for (const JobLease& lease : *leases) ids.push_back(lease.job().id);
    return ids;
  }

  // The id of the job that is next, which is done then; 0 if none is due.
  int64_t FinishNext() {
    absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease("worker-b", 1);
    EXPECT_THAT(leases, IsOk());
    if (leases->empty()) return 0;
    const int64_t id = leases->at(0).job().id;
    EXPECT_THAT(results_->Commit(std::move(leases->at(0)), SomeAnalysis(), {}, {}), IsOk());
    return id;
  }

  std::vector<Event> Events() {
    absl::StatusOr<std::vector<Event>> events = EventLog(database()).ReadAfter(0, 100);
    EXPECT_THAT(events, IsOk());
    return *events;
  }

  Job JobOf(int64_t id) {
    absl::StatusOr<Job> job = queue_->Get(id);
    EXPECT_THAT(job, IsOk());
    return job.value_or(Job());
  }

  // Starts an attempt and lets its lease run out.
  void LeaseStartAndVanish() {
    ASSERT_THAT(LeaseOne("worker-a").Start(), IsOk());
    clock_.Advance(options_.lease_duration);
  }
};

CAMNODE_TEST_ON_ALL_DATABASES(JobQueueTest);

// A worker that goes quiet must lose its job, and must not finish it afterwards.
TEST_P(JobQueueTest, AnExpiredLeaseGoesToTheNextWorkerAndTheFirstCannotCommit) {
  Enqueue("1.2.3");
  JobLease slow = LeaseOne("worker-a");

  clock_.Advance(options_.lease_duration);
  JobLease next = LeaseOne("worker-b");

  EXPECT_EQ(next.attempt(), 2);
  EXPECT_THAT(results_->Commit(std::move(slow), SomeAnalysis(), {}, {}),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(results_->Commit(std::move(next), SomeAnalysis(), {}, {}), IsOk());
}

TEST_P(JobQueueTest, AStaleAttemptThatWakesAfterAnotherCommittedChangesNothing) {
  const auto everything = [&] {
    return Ask(
        "SELECT SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END) || ' done, attempts ' || "
        "SUM(attempt) || ', failures ' || SUM(failures) || ', rows ' || "
        "(SELECT COUNT(*) FROM analysis) || ' ' || (SELECT COUNT(*) FROM model_result) || ' ' || "
        "(SELECT COUNT(*) FROM derived_instance) || ' ' || (SELECT COUNT(*) FROM delivery) || "
        "' ' || (SELECT last_number FROM event_counter) FROM job");
  };
  const std::vector<std::function<absl::Status(JobLease)>> endings = {
      [](JobLease stale) { return stale.Start(); },
      [](JobLease stale) { return stale.Extend(); },
      [](JobLease stale) {
        return std::move(stale).Retry(absl::InternalError("late"), absl::Seconds(1),
                                      Charge::kOneFailure);
      },
      [](JobLease stale) { return std::move(stale).Bury(absl::DataLossError("late")); },
      [this](JobLease stale) {
        return results_
            ->Commit(std::move(stale), SomeAnalysis(), {SomeOutput("1.2.99")}, {"PACS", "OTHER"})
            .status();
      },
  };
  for (const auto& end : endings) {
    const std::string film = absl::StrCat("1.2.3.", &end - endings.data() + 1);
    Enqueue(film);
    JobLease stale = LeaseOne("worker-a");
    ASSERT_THAT(stale.Start(), IsOk());
    clock_.Advance(options_.lease_duration);
    ASSERT_THAT(
        results_->Commit(LeaseOne("worker-b"), SomeAnalysis(), {SomeOutput(film + ".1")}, {"PACS"}),
        IsOk());
    const std::string before = everything();

    EXPECT_THAT(end(std::move(stale)), StatusIs(absl::StatusCode::kAborted));

    EXPECT_EQ(everything(), before);
  }
  EXPECT_EQ(everything(), "5 done, attempts 10, failures 5, rows 5 10 5 5 5");
}

TEST_P(JobQueueTest, LeasesInteractiveBeforeNormalBeforeBacklogAndOldestFirst) {
  JobRequest backlog = SomeRequest();
  backlog.priority = JobPriority::kBacklog;
  JobRequest interactive = SomeRequest();
  interactive.priority = JobPriority::kInteractive;
  const int64_t from_archive = Enqueue("1.2.1", backlog);
  const int64_t older = Enqueue("1.2.2");
  clock_.Advance(absl::Milliseconds(1));
  const int64_t newer = Enqueue("1.2.3");
  const int64_t upload = Enqueue("1.2.4", interactive);

  EXPECT_THAT(LeaseIds(3), ElementsAre(upload, older, newer));
  EXPECT_THAT(LeaseIds(3), ElementsAre(from_archive));
  EXPECT_THAT(LeaseIds(3), IsEmpty());
}

// Somebody sets the clock: by NTP after a start without a battery, for one.
constexpr absl::Duration kSteps[] = {absl::Hours(1),  absl::Hours(24),  absl::Hours(20 * 8766),
                                     -absl::Hours(1), -absl::Hours(24), -absl::Hours(20 * 8766)};

TEST_P(JobQueueTest, AFilmIsDueAndInItsTurnWhateverTheClockWasSetTo) {
  for (const absl::Duration& step : kSteps) {
    SCOPED_TRACE(absl::FormatDuration(step));
    const std::string study = absl::StrCat("1.2.", &step - kSteps + 1, ".");
    const int64_t before = Enqueue(study + "1");
    clock_.StepWallClock(step);
    const int64_t after = Enqueue(study + "2");
    EXPECT_EQ(FinishNext(), before);
    EXPECT_EQ(FinishNext(), after);
  }
}

TEST_P(JobQueueTest, ABackOffEndsWithinTheLongestOneWhateverTheClockWasSetTo) {
  for (const absl::Duration& step : kSteps) {
    SCOPED_TRACE(absl::FormatDuration(step));
    const int64_t job = Enqueue(absl::StrCat("1.2.3.", &step - kSteps + 1));
    ASSERT_THAT(
        LeaseOne().Retry(absl::UnavailableError("full"), absl::Minutes(9), Charge::kNothing),
        IsOk());
    clock_.StepWallClock(step);
    clock_.Advance(options_.longest_backoff);
    EXPECT_EQ(FinishNext(), job);
  }
}

TEST_P(JobQueueTest, ABackOffThatAnotherDateMadeTooLongIsOver) {
  const int64_t job = Enqueue("1.2.3");
  ASSERT_THAT(LeaseOne().Retry(absl::UnavailableError("full"), absl::Minutes(9), Charge::kNothing),
              IsOk());
  EXPECT_THAT(LeaseIds(1), IsEmpty()) << "the clock is right: it waits";
  clock_.StepWallClock(-absl::Hours(1));
  EXPECT_THAT(LeaseIds(1), ElementsAre(job));
}

TEST_P(JobQueueTest, ADeadWorkersLeaseRunsOutWhateverTheClockWasSetTo) {
  for (const absl::Duration& step : kSteps) {
    SCOPED_TRACE(absl::FormatDuration(step));
    const int64_t job = Enqueue(absl::StrCat("1.2.3.", &step - kSteps + 1));
    const JobLease dead = LeaseOne("worker-dead");
    clock_.StepWallClock(step);
    // Workers look all the time: the first look sees that the lease is too long by this date.
    const int64_t at_once = FinishNext();
    EXPECT_EQ(at_once, step > absl::ZeroDuration() ? job : 0);
    clock_.Advance(options_.lease_duration);
    EXPECT_EQ(FinishNext(), at_once == 0 ? job : 0);
  }
}

TEST_P(JobQueueTest, ALivingWorkersLeaseSurvivesAClockSetBack) {
  Enqueue("1.2.3");
  JobLease lease = LeaseOne("worker-a");
  clock_.StepWallClock(-absl::Hours(24));
  EXPECT_THAT(LeaseIds(1), IsEmpty());
  clock_.Advance(options_.lease_duration / 2);
  EXPECT_THAT(lease.Extend(), IsOk());
  clock_.Advance(options_.lease_duration / 2);
  EXPECT_THAT(LeaseIds(1), IsEmpty());
  EXPECT_THAT(results_->Commit(std::move(lease), SomeAnalysis(), {}, {}), IsOk());
}

TEST_P(JobQueueTest, NoBackOffIsLongerThanTheLongest) {
  const int64_t job = Enqueue("1.2.3");
  ASSERT_THAT(
      LeaseOne().Retry(absl::UnavailableError("full"), absl::Hours(24 * 365), Charge::kNothing),
      IsOk());
  clock_.Advance(options_.longest_backoff);
  EXPECT_THAT(LeaseIds(1), ElementsAre(job));
}

TEST_P(JobQueueTest, AFilmThatWaitsAfterAFailureComesBeforeThoseThatCameMeanwhile) {
  const int64_t first = Enqueue("1.2.1");
  ASSERT_THAT(LeaseOne().Retry(absl::UnavailableError("full"), absl::Seconds(1), Charge::kNothing),
              IsOk());
  const int64_t second = Enqueue("1.2.2");
  const int64_t third = Enqueue("1.2.3");
  EXPECT_THAT(LeaseIds(1), ElementsAre(second));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(LeaseIds(1), ElementsAre(first));
  EXPECT_THAT(LeaseIds(1), ElementsAre(third));
}

TEST_P(JobQueueTest, ASuspectLetsOthersGoFirstLongerEachTimeUpToHalfAMinute) {
  options_.max_interruptions = 100;
  queue_ = std::make_unique<JobQueue>(database(), clock_, options_);
  const int64_t suspect = Enqueue("1.2.1");
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    JobLease lease = LeaseOne("worker-a");
    ASSERT_EQ(lease.job().id, suspect);
    ASSERT_THAT(lease.Start(), IsOk());
    ASSERT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kStopped), IsOkAndHolds(1));
    clock_.Advance(absl::Seconds(seconds) - absl::Milliseconds(1));
    EXPECT_THAT(LeaseIds(1), IsEmpty());
    clock_.Advance(absl::Milliseconds(1));
  }
}

TEST_P(JobQueueTest, ALeasedJobCarriesWhatWasAskedFor) {
  const int64_t id = Enqueue("1.2.3");
  const JobLease lease = LeaseOne();

  EXPECT_EQ(lease.job().id, id);
  EXPECT_EQ(lease.job().workflow, "chest");
  EXPECT_EQ(lease.job().model_set, "models-1");
  EXPECT_EQ(lease.job().priority, JobPriority::kNormal);
  EXPECT_EQ(lease.job().state, JobState::kLeased);
  EXPECT_EQ(lease.attempt(), 1);
  EXPECT_EQ(lease.job().created_ms, ToUnixMs(clock_.Now()));
  EXPECT_THAT(instances_->Get(lease.job().subject), IsOk());
}

TEST_P(JobQueueTest, ExtendKeepsTheJobForAnotherLease) {
  Enqueue("1.2.3");
  JobLease lease = LeaseOne();
  clock_.Advance(options_.lease_duration - absl::Milliseconds(1));
  ASSERT_THAT(lease.Extend(), IsOk());
  clock_.Advance(options_.lease_duration - absl::Milliseconds(1));
  EXPECT_THAT(LeaseIds(1), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(LeaseOne("worker-b").attempt(), 2);
}

TEST_P(JobQueueTest, ARetriedJobComesBackAfterItsDelay) {
  const int64_t id = Enqueue("1.2.3");
  ASSERT_THAT(LeaseOne().Retry(absl::InternalError("odd"), absl::Seconds(10), Charge::kOneFailure),
              IsOk());

  clock_.Advance(absl::Seconds(10) - absl::Milliseconds(1));
  EXPECT_THAT(LeaseIds(1), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(LeaseIds(1), ElementsAre(id));
  EXPECT_EQ(JobOf(id).last_error, "INTERNAL: odd");
}

TEST_P(JobQueueTest, TheThirdChargedFailureBuriesWithTheReasonAndAnEvent) {
  const int64_t id = Enqueue("1.2.3");
  for (int failure = 1; failure <= 3; ++failure) {
    EXPECT_EQ(StateOf(id), JobState::kQueued);
    ASSERT_THAT(
        LeaseOne().Retry(absl::InternalError("odd"), absl::ZeroDuration(), Charge::kOneFailure),
        IsOk());
  }
  const Job job = JobOf(id);
  EXPECT_EQ(job.state, JobState::kBuried);
  EXPECT_EQ(job.failures, 3);
  EXPECT_THAT(job.last_error, HasSubstr("INTERNAL: odd"));
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(Events()[0].kind, EventKind::kJobBuried);
  EXPECT_EQ(Events()[0].job_id, id);
  EXPECT_EQ(Events()[0].instance_id, job.subject);
}

TEST_P(JobQueueTest, UnchargedRetriesNeverBury) {
  const int64_t id = Enqueue("1.2.3");
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(
        LeaseOne().Retry(absl::UnavailableError("full"), absl::ZeroDuration(), Charge::kNothing),
        IsOk());
  }
  EXPECT_EQ(StateOf(id), JobState::kQueued);
  EXPECT_EQ(JobOf(id).failures, 0);
  EXPECT_EQ(JobOf(id).attempt, 10);
}

TEST_P(JobQueueTest, BuryEndsTheJobAtOnce) {
  const int64_t id = Enqueue("1.2.3");
  ASSERT_THAT(LeaseOne().Bury(absl::DataLossError("truncated")), IsOk());
  EXPECT_EQ(StateOf(id), JobState::kBuried);
  clock_.Advance(absl::Hours(24));
  EXPECT_THAT(LeaseIds(1), IsEmpty());
}

TEST_P(JobQueueTest, ALeaseThatRanOutBeforeStartIsNotCharged) {
  const int64_t id = Enqueue("1.2.3");
  for (int i = 0; i < 5; ++i) {
    LeaseOne();
    clock_.Advance(options_.lease_duration);
  }
  EXPECT_EQ(LeaseOne().attempt(), 6);
  EXPECT_EQ(JobOf(id).failures, 0);
  EXPECT_FALSE(JobOf(id).alone);
}

TEST_P(JobQueueTest, AStartedLeaseThatRanOutIsChargedAndRunsAlone) {
  const int64_t id = Enqueue("1.2.3");
  LeaseStartAndVanish();

  EXPECT_TRUE(LeaseOne("worker-b").job().alone);
  EXPECT_EQ(JobOf(id).failures, 1);
  EXPECT_THAT(JobOf(id).last_error, HasSubstr("worker-a went quiet"));
}

TEST_P(JobQueueTest, LeaseItselfBuriesAJobThatTookThreeWorkersDown) {
  const int64_t id = Enqueue("1.2.3");
  for (int i = 0; i < 3; ++i) LeaseStartAndVanish();
  const int64_t innocent = Enqueue("1.2.4");

  EXPECT_THAT(LeaseIds(1), ElementsAre(innocent));
  EXPECT_EQ(StateOf(id), JobState::kBuried);
  EXPECT_THAT(JobOf(id).last_error, HasSubstr("given up after 3 failures"));
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_EQ(Events()[0].job_id, id);
}

TEST_P(JobQueueTest, ASuspectIsLeasedByItself) {
  const int64_t first = Enqueue("1.2.1");
  LeaseStartAndVanish();
  const int64_t second = Enqueue("1.2.2");
  clock_.Advance(absl::Milliseconds(1));
  const int64_t third = Enqueue("1.2.3");

  EXPECT_THAT(LeaseIds(8), ElementsAre(first));
  EXPECT_THAT(LeaseIds(8), ElementsAre(second, third));
}

TEST_P(JobQueueTest, OthersBeforeASuspectInTheLineComeWithoutIt) {
  JobRequest interactive = SomeRequest();
  interactive.priority = JobPriority::kInteractive;
  const int64_t suspect = Enqueue("1.2.1");
  LeaseStartAndVanish();
  const int64_t upload = Enqueue("1.2.2", interactive);

  EXPECT_THAT(LeaseIds(8), ElementsAre(upload));
  EXPECT_THAT(LeaseIds(8), ElementsAre(suspect));
}

TEST_P(JobQueueTest, AWorkerThatCrashedGivesItsLeasesBackAndTheRunningOneIsCharged) {
  const int64_t running = Enqueue("1.2.1");
  clock_.Advance(absl::Milliseconds(1));
  const int64_t waiting = Enqueue("1.2.2");
  absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease("worker-a", 2);
  ASSERT_THAT(leases, IsOk());
  ASSERT_EQ(leases->size(), 2u);
  ASSERT_THAT(leases->at(0).Start(), IsOk());
  clock_.Advance(absl::Milliseconds(1));

  EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kCrashed), IsOkAndHolds(2));

  EXPECT_EQ(JobOf(running).failures, 1);
  EXPECT_TRUE(JobOf(running).alone);
  EXPECT_EQ(JobOf(waiting).failures, 0);
  EXPECT_FALSE(JobOf(waiting).alone);
  // The worker was declared dead too early: its work is dropped.
  EXPECT_THAT(results_->Commit(std::move(leases->at(0)), SomeAnalysis(), {}, {}),
              StatusIs(absl::StatusCode::kAborted));
  // The one that never ran goes first, back in its old place.
  EXPECT_THAT(LeaseIds(1), ElementsAre(waiting));
}

TEST_P(JobQueueTest, ACrashWithSeveralFilmsStartedChargesNoneAndLetsEachRunAlone) {
  const int64_t one = Enqueue("1.2.1");
  const int64_t other = Enqueue("1.2.2");
  absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease("worker-a", 2);
  ASSERT_THAT(leases, IsOk());
  for (JobLease& lease : *leases) ASSERT_THAT(lease.Start(), IsOk());

  EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kCrashed), IsOkAndHolds(2));

  for (const int64_t id : {one, other}) {
    EXPECT_EQ(JobOf(id).failures, 0);
    EXPECT_TRUE(JobOf(id).alone);
  }
}

// The worker knows which film did not end.
TEST_P(JobQueueTest, AStalledWorkerIsChargedToTheFilmThatStalledItAlone) {
  const int64_t stalled = Enqueue("1.2.1");
  const int64_t innocent = Enqueue("1.2.2");
  absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease("worker-a", 2);
  ASSERT_THAT(leases, IsOk());
  for (JobLease& lease : *leases) ASSERT_THAT(lease.Start(), IsOk());

  EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kStalled, {stalled}), IsOkAndHolds(2));

  EXPECT_EQ(JobOf(stalled).failures, 1);
  EXPECT_TRUE(JobOf(stalled).alone);
  EXPECT_THAT(JobOf(stalled).last_error, HasSubstr("made no step"));
  EXPECT_EQ(JobOf(innocent).failures, 0);
  EXPECT_EQ(JobOf(innocent).interruptions, 0);
  EXPECT_FALSE(JobOf(innocent).alone);
}

TEST_P(JobQueueTest, OfABatchThatStalledEachRunsAloneAndNoneIsCharged) {
  const int64_t one = Enqueue("1.2.1");
  const int64_t other = Enqueue("1.2.2");
  const int64_t decoded = Enqueue("1.2.3");
  absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease("worker-a", 3);
  ASSERT_THAT(leases, IsOk());
  for (JobLease& lease : *leases) ASSERT_THAT(lease.Start(), IsOk());

  EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kStalled, {one, other}), IsOkAndHolds(3));

  for (const int64_t id : {one, other}) {
    EXPECT_EQ(JobOf(id).failures, 0);
    EXPECT_TRUE(JobOf(id).alone);
  }
  EXPECT_FALSE(JobOf(decoded).alone);
}

TEST_P(JobQueueTest, ReturnLeasesLeavesOtherWorkersAlone) {
  const int64_t id = Enqueue("1.2.1");
  LeaseOne("worker-a");
  EXPECT_THAT(queue_->ReturnLeases("worker-b", WorkerEnd::kCrashed), IsOkAndHolds(0));
  EXPECT_EQ(StateOf(id), JobState::kLeased);
}

// The worker is killed ten times in a row by an operator: no film is to blame.
TEST_P(JobQueueTest, AStoppedWorkerCostsAnInterruptionAndNoFailure) {
  const int64_t id = Enqueue("1.2.3");
  for (int i = 0; i < 10; ++i) {
    ASSERT_THAT(LeaseOne("worker-a").Start(), IsOk());
    EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kStopped), IsOkAndHolds(1));
    clock_.Advance(absl::Seconds(30));  // Others go first for no longer.
  }
  EXPECT_EQ(StateOf(id), JobState::kQueued);
  EXPECT_EQ(JobOf(id).failures, 0);
  EXPECT_EQ(JobOf(id).interruptions, 10);
  EXPECT_TRUE(JobOf(id).alone);
}

TEST_P(JobQueueTest, SpentInterruptionsBury) {
  options_.max_interruptions = 2;
  queue_ = std::make_unique<JobQueue>(database(), clock_, options_);
  const int64_t id = Enqueue("1.2.3");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(StateOf(id), JobState::kQueued);
    ASSERT_THAT(LeaseOne("worker-a").Start(), IsOk());
    EXPECT_THAT(queue_->ReturnLeases("worker-a", WorkerEnd::kStopped), IsOkAndHolds(1));
    clock_.Advance(absl::Seconds(30));  // Others go first for no longer.
  }
  EXPECT_EQ(StateOf(id), JobState::kBuried);
  EXPECT_THAT(JobOf(id).last_error, HasSubstr("2 attempts during which the worker was stopped"));
  EXPECT_EQ(Events().size(), 1u);
}

// The dates in every output come from here, so a repeat gives the same bytes.
TEST_P(JobQueueTest, TheAnalysisTimeIsSetOnceByTheFirstStart) {
  const int64_t id = Enqueue("1.2.3");
  const int64_t first_ms = ToUnixMs(clock_.Now());
  JobLease first = LeaseOne();
  ASSERT_THAT(first.Start(), IsOk());
  EXPECT_EQ(first.job().analysis_started_ms, first_ms);

  clock_.Advance(options_.lease_duration);
  JobLease second = LeaseOne();
  ASSERT_THAT(second.Start(), IsOk());

  EXPECT_EQ(second.job().analysis_started_ms, first_ms);
  EXPECT_EQ(JobOf(id).analysis_started_ms, first_ms);
}

TEST_P(JobQueueTest, RequeueGivesABuriedJobFreshBudgets) {
  const int64_t id = Enqueue("1.2.3");
  ASSERT_THAT(LeaseOne().Bury(absl::DataLossError("truncated")), IsOk());

  ASSERT_THAT(queue_->Requeue(id), IsOk());
  EXPECT_THAT(LeaseIds(1), ElementsAre(id));
  EXPECT_EQ(JobOf(id).failures, 0);

  EXPECT_THAT(queue_->Requeue(id), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(queue_->Requeue(999), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(JobQueueTest, DepthCountsWhatWaitsRunsAndIsBuried) {
  EXPECT_EQ(queue_->Depth()->oldest_queued_ms, 0);
  const int64_t oldest_ms = ToUnixMs(clock_.Now());
  Enqueue("1.2.1");
  Enqueue("1.2.2");
  clock_.Advance(absl::Seconds(1));
  Enqueue("1.2.3");
  Enqueue("1.2.4");
  ASSERT_THAT(LeaseOne().Bury(absl::DataLossError("truncated")), IsOk());
  ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}), IsOk());
  LeaseOne();

  const absl::StatusOr<QueueDepth> depth = queue_->Depth();
  ASSERT_THAT(depth, IsOk());
  EXPECT_EQ(depth->queued, 1);
  EXPECT_EQ(depth->leased, 1);
  EXPECT_EQ(depth->buried, 1);
  EXPECT_EQ(depth->oldest_queued_ms, oldest_ms + 1000);
  EXPECT_THAT(queue_->CountQueued(), IsOkAndHolds(1));
}

TEST_P(JobQueueTest, ListsJobsByStateNewestFirstInPages) {
  const int64_t first = Enqueue("1.2.1");
  const int64_t second = Enqueue("1.2.2");
  const int64_t third = Enqueue("1.2.3");
  const auto ids = [](const absl::StatusOr<std::vector<Job>>& jobs) {
    std::vector<int64_t> result;
    for (const Job& job : *jobs) result.push_back(job.id);
    return result;
  };
  EXPECT_THAT(ids(queue_->ListByState(JobState::kQueued, 2, 0)), ElementsAre(third, second));
  EXPECT_THAT(ids(queue_->ListByState(JobState::kQueued, 2, second)), ElementsAre(first));
  EXPECT_THAT(ids(queue_->ListByState(JobState::kDone, 2, 0)), IsEmpty());
}

TEST_P(JobQueueTest, ListsTheJobsOfAnInstanceNewestFirst) {
  const int64_t first = Enqueue("1.2.3");
  Enqueue("1.2.4");
  JobRequest retrained = SomeRequest();
  retrained.model_set = "models-2";
  const int64_t newest = Enqueue("1.2.3", retrained);
  const int64_t instance = JobOf(newest).subject;

  const auto jobs = queue_->ListByInstances({instance});
  ASSERT_THAT(jobs, IsOk());
  ASSERT_EQ(jobs->size(), 2);
  EXPECT_EQ((*jobs)[0].id, newest);
  EXPECT_EQ((*jobs)[0].model_set, "models-2");
  EXPECT_EQ((*jobs)[1].id, first);
  EXPECT_THAT(queue_->ListByInstances({999}), IsOkAndHolds(IsEmpty()));
  EXPECT_THAT(queue_->Get(999), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(JobQueueTest, TwoWorkersNeverHoldTheSameJob) {
  for (int i = 1; i <= 20; ++i) Enqueue(absl::StrCat("1.2.", i));
  OpenedDatabase other = OpenAnother();
  JobQueue other_queue(*other.database, clock_, options_);
  std::vector<int64_t> mine;
  std::vector<int64_t> theirs;
  std::thread thread([&] {
    for (int i = 0; i < 20; ++i) {
      const absl::StatusOr<std::vector<JobLease>> leases = other_queue.Lease("worker-b", 1);
      EXPECT_THAT(leases, IsOk());
      for (const JobLease& lease : *leases) theirs.push_back(lease.job().id);
    }
  });
  for (int i = 0; i < 20; ++i) {
    for (const int64_t id : LeaseIds(1)) mine.push_back(id);
  }
  thread.join();
  mine.insert(mine.end(), theirs.begin(), theirs.end());
  std::sort(mine.begin(), mine.end());
  EXPECT_EQ(mine.size(), 20u);
  EXPECT_EQ(std::unique(mine.begin(), mine.end()), mine.end());
}

}  // namespace
}  // namespace camnode
