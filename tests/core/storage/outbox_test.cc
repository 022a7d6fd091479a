// Deliveries: at least once, one sender at a time, in the order they were made.

#include "core/storage/outbox.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class OutboxTest : public StoresTest {
 protected:
  void SetUp() override {
    StoresTest::SetUp();
    if (IsSkipped()) return;
    outbox_ = std::make_unique<Outbox>(database(), clock_, outbox_options_);
  }

  // One analysis with `outputs` objects for these destinations.
  void Commit(int outputs, const std::vector<std::string>& destinations) {
    const std::string film = absl::StrCat("1.2.", ++films_);
    Enqueue(film);
    std::vector<DerivedInstance> derived;
    for (int i = 1; i <= outputs; ++i) derived.push_back(SomeOutput(absl::StrCat(film, ".", i)));
    ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), derived, destinations), IsOk());
  }

  std::vector<DeliveryLease> Lease(const std::string& destination, int max) {
    absl::StatusOr<std::vector<DeliveryLease>> leases = outbox_->Lease(destination, max);
    EXPECT_THAT(leases, IsOk());
    return *std::move(leases);
  }

  OutboxOptions outbox_options_;
  std::unique_ptr<Outbox> outbox_;
  int films_ = 0;
};
CAMNODE_TEST_ON_ALL_DATABASES(OutboxTest);

TEST_P(OutboxTest, LeasesOneDestinationsDeliveriesWithTheObjectToSend) {
  Commit(2, {"PACS", "ARCHIVE"});
  EXPECT_THAT(*outbox_->DueDestinations(), ElementsAre("ARCHIVE", "PACS"));

  std::vector<DeliveryLease> leases = Lease("PACS", 10);

  ASSERT_EQ(leases.size(), 2u);
  EXPECT_EQ(leases[0].delivery().destination, "PACS");
  EXPECT_EQ(leases[0].delivery().state, DeliveryState::kLeased);
  EXPECT_EQ(leases[0].delivery().attempt, 1);
  EXPECT_EQ(leases[0].derived().sop_instance_uid, MakeUid("1.2.1.1"));
  EXPECT_EQ(leases[0].derived().blob_id, SomeOutput("1.2.1.1").blob_id);
  EXPECT_EQ(leases[1].derived().sop_instance_uid, MakeUid("1.2.1.2"));
  EXPECT_THAT(Lease("PACS", 10), IsEmpty());
  EXPECT_THAT(*outbox_->DueDestinations(), ElementsAre("ARCHIVE"));
}

TEST_P(OutboxTest, WhatWasDeliveredNeverComesBack) {
  Commit(1, {"PACS"});
  ASSERT_THAT(std::move(Lease("PACS", 1).at(0)).Delivered(0), IsOk());
  clock_.Advance(absl::Hours(24));
  EXPECT_THAT(*outbox_->DueDestinations(), IsEmpty());
  EXPECT_THAT(Lease("PACS", 1), IsEmpty());
}

TEST_P(OutboxTest, ARetryWaitsAndCountsAndKeepsTheAnswer) {
  Commit(1, {"PACS"});
  ASSERT_THAT(std::move(Lease("PACS", 1).at(0))
                  .Retry(0xA700, absl::UnavailableError("full"), absl::Seconds(30)),
              IsOk());
  clock_.Advance(absl::Seconds(30) - absl::Milliseconds(1));
  EXPECT_THAT(Lease("PACS", 1), IsEmpty());
  clock_.Advance(absl::Milliseconds(1));
  const std::vector<DeliveryLease> again = Lease("PACS", 1);
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].delivery().attempt, 2);
  EXPECT_EQ(again[0].delivery().failures, 1);
  EXPECT_EQ(again[0].delivery().last_status, 0xA700);
  EXPECT_EQ(again[0].delivery().last_error, "UNAVAILABLE: full");
}

TEST_P(OutboxTest, GivingBackCostsNothing) {
  Commit(1, {"PACS"});
  ASSERT_THAT(std::move(Lease("PACS", 1).at(0)).GiveBack(absl::ZeroDuration()), IsOk());
  EXPECT_EQ(Lease("PACS", 1).at(0).delivery().failures, 0);
}

// Somebody sets the clock: by NTP after a start without a battery, for one.
constexpr absl::Duration kSteps[] = {absl::Hours(1),  absl::Hours(24),  absl::Hours(20 * 8766),
                                     -absl::Hours(1), -absl::Hours(24), -absl::Hours(20 * 8766)};

TEST_P(OutboxTest, ADeliveryIsDueAndInItsTurnWhateverTheClockWasSetTo) {
  for (const absl::Duration& step : kSteps) {
    SCOPED_TRACE(absl::FormatDuration(step));
    Commit(1, {"PACS"});
    clock_.StepWallClock(step);
    Commit(1, {"PACS"});
    EXPECT_THAT(*outbox_->DueDestinations(), ElementsAre("PACS"));
    std::vector<DeliveryLease> leases = Lease("PACS", 2);
    ASSERT_EQ(leases.size(), 2u);
    EXPECT_LT(leases[0].delivery().id, leases[1].delivery().id);
    for (DeliveryLease& lease : leases) ASSERT_THAT(std::move(lease).Delivered(0), IsOk());
  }
}

TEST_P(OutboxTest, ABackOffEndsWithinTheLongestOneWhateverTheClockWasSetTo) {
  for (const absl::Duration& step : kSteps) {
    SCOPED_TRACE(absl::FormatDuration(step));
    Commit(1, {"PACS"});
    ASSERT_THAT(std::move(Lease("PACS", 1).at(0))
                    .Retry(0xA700, absl::UnavailableError("full"), absl::Minutes(9)),
                IsOk());
    clock_.StepWallClock(step);
    clock_.Advance(outbox_options_.longest_backoff);
    EXPECT_THAT(*outbox_->DueDestinations(), ElementsAre("PACS"));
    ASSERT_THAT(std::move(Lease("PACS", 1).at(0)).Delivered(0), IsOk());
  }
}

TEST_P(OutboxTest, ALeaseOfADeadNodeRunsOutWhateverTheClockWasSetTo) {
  for (const absl::Duration& step : kSteps) {
    SCOPED_TRACE(absl::FormatDuration(step));
    Commit(1, {"PACS"});
    const std::vector<DeliveryLease> dead = Lease("PACS", 1);
    clock_.StepWallClock(step);
    // Senders look all the time: the first look sees that the lease is too long by this date.
    std::vector<DeliveryLease> again = Lease("PACS", 1);
    EXPECT_EQ(again.size(), step > absl::ZeroDuration() ? 1u : 0u);
    clock_.Advance(outbox_options_.lease_duration);
    again = Lease("PACS", 1);
    ASSERT_EQ(again.size(), 1u);
    ASSERT_THAT(std::move(again[0]).Delivered(0), IsOk());
  }
}

TEST_P(OutboxTest, ASenderThatTookTooLongCannotSettle) {
  Commit(1, {"PACS"});
  std::vector<DeliveryLease> slow = Lease("PACS", 1);
  clock_.Advance(outbox_options_.lease_duration);
  std::vector<DeliveryLease> next = Lease("PACS", 1);
  ASSERT_EQ(next.size(), 1u);

  EXPECT_THAT(std::move(slow[0]).Bury(0xC000, absl::UnknownError("late")),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(std::move(next[0]).Delivered(0), IsOk());
}

TEST_P(OutboxTest, ABuriedDeliveryComesBackOnlyWhenRequeued) {
  Commit(1, {"PACS"});
  std::vector<DeliveryLease> leases = Lease("PACS", 1);
  const int64_t id = leases.at(0).delivery().id;
  EXPECT_THAT(outbox_->Requeue(id), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(std::move(leases[0]).Bury(0xC000, absl::UnknownError("refused")), IsOk());
  EXPECT_THAT(Lease("PACS", 1), IsEmpty());
  ASSERT_THAT(outbox_->Requeue(id), IsOk());
  EXPECT_EQ(Lease("PACS", 1).at(0).delivery().failures, 0);
  EXPECT_THAT(outbox_->Requeue(999), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(OutboxTest, AfterARestartTheDeadNodesLeasesAreDueAtOnce) {
  Commit(2, {"PACS"});
  Lease("PACS", 2);
  ASSERT_THAT(outbox_->ReturnAllLeases(), IsOk());
  EXPECT_EQ(Lease("PACS", 10).size(), 2u);
}

TEST_P(OutboxTest, CountsTheBacklogOfEachDestination) {
  Commit(3, {"PACS", "ARCHIVE"});
  ASSERT_THAT(std::move(Lease("PACS", 1).at(0)).Delivered(0), IsOk());
  ASSERT_THAT(std::move(Lease("PACS", 1).at(0)).Bury(0xC000, absl::UnknownError("no")), IsOk());
  Lease("PACS", 1);

  const absl::StatusOr<std::vector<DestinationBacklog>> backlogs = outbox_->Backlogs();
  ASSERT_THAT(backlogs, IsOk());
  ASSERT_EQ(backlogs->size(), 2u);
  EXPECT_EQ(backlogs->at(0).destination, "ARCHIVE");
  EXPECT_EQ(backlogs->at(0).queued, 3);
  EXPECT_EQ(backlogs->at(1).destination, "PACS");
  EXPECT_EQ(backlogs->at(1).queued, 1);
  EXPECT_EQ(backlogs->at(1).delivered, 1);
  EXPECT_EQ(backlogs->at(1).buried, 1);
}

}  // namespace
}  // namespace camnode
