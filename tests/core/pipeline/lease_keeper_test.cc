// Also: worker_heartbeat.

#include "core/pipeline/lease_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/pipeline/worker_heartbeat.h"
#include "core/storage/worker_registry.h"
#include "tests/core/pipeline/pipeline_fixture.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

// A period that never comes: the test makes the rounds itself.
constexpr absl::Duration kNever = absl::Hours(1000);

class LeaseKeeperTest : public PipelineTest {
 protected:
  // True if another worker may have the job now.
  bool IsFree() {
    const auto leases = queue_->Lease("another", 1);
    EXPECT_THAT(leases, IsOk());
    return !leases->empty();
  }
};

TEST_F(LeaseKeeperTest, ALeaseThatNobodyExtendsRunsOut) {
  Enqueue("1.2.3");
  LeaseKeeper keeper(kNever, kNever, steps_);
  const HeldLease held = keeper.Hold(LeaseOne("worker"));
  clock_.Advance(absl::Seconds(119));
  EXPECT_FALSE(IsFree());
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(IsFree());
}

TEST_F(LeaseKeeperTest, EachRoundPushesTheEndOfEveryLease) {
  Enqueue("1.2.3");
  Enqueue("1.2.4");
  LeaseKeeper keeper(kNever, kNever, steps_);
  const HeldLease first = keeper.Hold(LeaseOne("worker"));
  const HeldLease second = keeper.Hold(LeaseOne("worker"));
  for (int round = 0; round < 3; ++round) {
    clock_.Advance(absl::Seconds(100));
    keeper.ExtendAll();
  }
  clock_.Advance(absl::Seconds(119));
  EXPECT_FALSE(IsFree());
  EXPECT_FALSE(first.lost());
  EXPECT_FALSE(second.lost());
}

TEST_F(LeaseKeeperTest, ALeaseThatIsAnothersIsLostAndSaysSo) {
  Enqueue("1.2.3");
  LeaseKeeper keeper(kNever, kNever, steps_);
  HeldLease held = keeper.Hold(LeaseOne("worker"));
  clock_.Advance(absl::Minutes(2));
  ASSERT_TRUE(IsFree());
  keeper.ExtendAll();
  EXPECT_TRUE(held.lost());
  EXPECT_THAT(std::move(held).Take().Bury(absl::DataLossError("late")),
              StatusIs(absl::StatusCode::kAborted));
}

TEST_F(LeaseKeeperTest, ADatabaseThatIsAwayForOneRoundLosesNothing) {
  Enqueue("1.2.3");
  LeaseKeeper keeper(kNever, kNever, steps_);
  const HeldLease held = keeper.Hold(LeaseOne("worker"));
  clock_.Advance(absl::Seconds(40));
  database_->FailWrites(absl::UnavailableError("locked"));
  keeper.ExtendAll();
  EXPECT_FALSE(held.lost());
  database_->FailWrites(absl::OkStatus());
  clock_.Advance(absl::Seconds(40));
  keeper.ExtendAll();
  clock_.Advance(absl::Seconds(119));
  EXPECT_FALSE(IsFree());
}

TEST_F(LeaseKeeperTest, ALeaseTakenBackIsEndedByItsHolderAndExtendedNoMore) {
  const int64_t job = Enqueue("1.2.3");
  LeaseKeeper keeper(kNever, kNever, steps_);
  HeldLease held = keeper.Hold(LeaseOne("worker"));
  EXPECT_EQ(held.job().id, job);
  EXPECT_THAT(std::move(held).Take().Bury(absl::DataLossError("damaged")), IsOk());
  keeper.ExtendAll();
  EXPECT_EQ(JobNow(job).state, JobState::kBuried);
}

TEST_F(LeaseKeeperTest, ALeaseHeldForTooLongIsExtendedNoMoreAndRunsOut) {
  Enqueue("1.2.3");
  LeaseKeeper keeper(kNever, /*max_hold=*/absl::ZeroDuration(), steps_);
  const HeldLease held = keeper.Hold(LeaseOne("worker"));
  clock_.Advance(absl::Seconds(119));
  keeper.ExtendAll();
  clock_.Advance(absl::Seconds(1));

  EXPECT_TRUE(IsFree());
}

TEST_F(LeaseKeeperTest, ItsThreadMakesTheRounds) {
  Enqueue("1.2.3");
  LeaseKeeper keeper(absl::Milliseconds(1), kNever, steps_);
  const HeldLease held = keeper.Hold(LeaseOne("worker"));
  // Five leases' time, in steps that one round after each survives.
  for (int step = 0; step < 6; ++step) {
    clock_.Advance(absl::Seconds(100));
    // The round that is under way may have read the clock before: wait for two.
    int rounds = -1;
    ASSERT_TRUE(database_->WaitUntil([&] { return ++rounds >= 2; }));
  }
  EXPECT_FALSE(IsFree());
}

TEST_F(LeaseKeeperTest, RenewsOnTimeThoughTheClockIsSetBack) {
  Enqueue("1.2.3");
  LeaseKeeper keeper(absl::Milliseconds(20), kNever, steps_);
  const HeldLease held = keeper.Hold(LeaseOne("worker"));
  SetBackTheWallClock();
  int renewals = -1;
  EXPECT_TRUE(database_->WaitUntil([&] { return ++renewals >= 3; }));
}

class WorkerHeartbeatTest : public PipelineTest {};

TEST_F(WorkerHeartbeatTest, SaysAtOnceThatTheWorkerIsThereAndLaterThatItIsReady) {
  WorkerRegistry registry(*database_, clock_);
  const auto record = [&]() -> absl::optional<WorkerRecord> {
    const auto workers = registry.List();
    EXPECT_THAT(workers, IsOk());
    if (workers->empty()) return absl::nullopt;
    return workers->front();
  };
  {
    WorkerRecord mine;
    mine.name = "worker-0";
    mine.device = "cpu";
    WorkerHeartbeat heartbeat(registry, steps_, mine, absl::Hours(1));
    ASSERT_TRUE(database_->WaitUntil([&] { return record().has_value(); }));
    EXPECT_FALSE(record()->ready);
    EXPECT_EQ(record()->heartbeat_ms, ToUnixMs(clock_.Now()));
    const StepWatch::Step step = steps_.Begin("decode", {17});
    clock_.Advance(kLookPeriod);
    steps_.Look();
    heartbeat.SetReady("digest");
    ASSERT_TRUE(database_->WaitUntil([&] { return record()->ready; }));
    EXPECT_EQ(record()->model_set, "digest");
    EXPECT_EQ(record()->longest_step_ms, 1000) << "a worker that hangs is seen from outside";
  }
  EXPECT_FALSE(record().has_value()) << "a worker that ended in order is no longer listed";
}

TEST_F(WorkerHeartbeatTest, GoesOnAfterTheDatabaseWasAway) {
  WorkerRegistry registry(*database_, clock_);
  database_->FailWrites(absl::UnavailableError("locked"));
  WorkerRecord mine;
  mine.name = "worker-0";
  WorkerHeartbeat heartbeat(registry, steps_, mine, absl::Milliseconds(1));
  int failed = -1;
  ASSERT_TRUE(database_->WaitUntil([&] { return ++failed >= 2; }));
  EXPECT_TRUE(registry.List()->empty());
  database_->FailWrites(absl::OkStatus());
  EXPECT_TRUE(database_->WaitUntil([&] { return !registry.List()->empty(); }));
}

}  // namespace
}  // namespace camnode
