// A full disk charges no film, however long it lasts.

#include "core/storage/write_gap.h"

#include <utility>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/storage/job_queue.h"
#include "core/storage/worker_registry.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

class WriteGapTest : public StoresTest {
 protected:
  void Note() {
    ASSERT_THAT(database().Write([&](SqlTransaction& transaction) {
      return NoteWrite(transaction, ToUnixMs(clock_.Now()));
    }),
                IsOk());
  }
  // As a node and workers do while the database can be written.
  void PassWithNotes(absl::Duration duration) {
    for (absl::Duration passed; passed < duration; passed += absl::Seconds(2)) {
      clock_.Advance(absl::Seconds(2));
      Note();
    }
  }
  bool NothingIsDue() {
    const auto leases = queue_->Lease("worker-b", 1);
    EXPECT_THAT(leases, IsOk());
    return leases->empty();
  }
};

CAMNODE_TEST_ON_ALL_DATABASES(WriteGapTest);

TEST_P(WriteGapTest, ALeaseThatRanOutWhileNobodyCouldWriteGoesOnForWhatWasLeftOfIt) {
  Enqueue("1.2.3");
  Note();
  JobLease lease = LeaseOne("worker-a");
  ASSERT_THAT(lease.Start(), IsOk());
  PassWithNotes(absl::Seconds(20));
  clock_.Advance(absl::Hours(3));  // The disk is full.

  EXPECT_TRUE(NothingIsDue()) << "100 of its 120 seconds are left";
  PassWithNotes(absl::Seconds(98));
  EXPECT_TRUE(NothingIsDue());
  EXPECT_THAT(results_->Commit(std::move(lease), SomeAnalysis(), {}, {}), IsOk());
}

TEST_P(WriteGapTest, AWorkerThatVanishedDuringItIsChargedAfterwards) {
  Enqueue("1.2.3");
  Note();
  ASSERT_THAT(LeaseOne("worker-a").Start(), IsOk());
  clock_.Advance(absl::Hours(3));
  Note();
  PassWithNotes(options_.lease_duration);

  EXPECT_EQ(LeaseOne("worker-b").job().failures, 1);
}

TEST_P(WriteGapTest, ALeaseThatHadRunOutBeforeIsCharged) {
  Enqueue("1.2.3");
  Note();
  ASSERT_THAT(LeaseOne("worker-a").Start(), IsOk());
  PassWithNotes(options_.lease_duration + absl::Seconds(2));
  clock_.Advance(absl::Hours(3));

  const JobLease next = LeaseOne("worker-b");
  EXPECT_EQ(next.job().failures, 1);
  EXPECT_THAT(next.job().last_error, HasSubstr("went quiet"));
}

TEST_P(WriteGapTest, ThePauseBetweenTwoNotesIsNoGap) {
  Enqueue("1.2.3");
  ASSERT_THAT(LeaseOne("worker-a").Start(), IsOk());
  for (int i = 0; i < 12; ++i) {
    clock_.Advance(absl::Milliseconds(kLongestPauseMs));
    Note();
  }

  EXPECT_EQ(LeaseOne("worker-b").job().failures, 1);
}

TEST_P(WriteGapTest, AWorkersBeatIsANote) {
  Enqueue("1.2.3");
  WorkerRegistry registry(database(), clock_);
  WorkerRecord record;
  record.name = "worker-a";
  ASSERT_THAT(registry.Beat(record), IsOk());
  JobLease lease = LeaseOne("worker-a");
  ASSERT_THAT(lease.Start(), IsOk());
  clock_.Advance(absl::Hours(3));
  ASSERT_THAT(registry.Beat(record), IsOk());

  EXPECT_TRUE(NothingIsDue());
}

}  // namespace
}  // namespace camnode
