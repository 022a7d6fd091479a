// How old the oldest unfinished film is, while somebody sets the clock.

#include "core/storage/oldest_unfinished.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/storage/job_queue.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::Ge;
using ::testing::Le;

class OldestUnfinishedTest : public StoresTest {
 protected:
  void FinishNext() { ASSERT_THAT(results_->Commit(LeaseOne(), SomeAnalysis(), {}, {}), IsOk()); }
};
CAMNODE_TEST_ON_ALL_DATABASES(OldestUnfinishedTest);

TEST_P(OldestUnfinishedTest, NothingUnfinishedHasNoAge) {
  OldestUnfinished oldest(*queue_, clock_);
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::ZeroDuration()));
  Enqueue("1.2.3");
  FinishNext();
  clock_.Advance(absl::Hours(1));
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::ZeroDuration()));
}

TEST_P(OldestUnfinishedTest, CountsFromTheFirstLookThatCouldSeeTheFilm) {
  OldestUnfinished oldest(*queue_, clock_);
  ASSERT_THAT(oldest.Age(), IsOk());
  Enqueue("1.2.1");
  ASSERT_THAT(oldest.Age(), IsOk());
  clock_.Advance(absl::Seconds(10));
  Enqueue("1.2.2");
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Seconds(10)));
  clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Seconds(15)));
  FinishNext();
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Seconds(5))) << "now the second is the oldest";
}

TEST_P(OldestUnfinishedTest, AFilmInWorkIsNotFinished) {
  OldestUnfinished oldest(*queue_, clock_);
  Enqueue("1.2.1");
  ASSERT_THAT(oldest.Age(), IsOk());
  JobLease hung = LeaseOne();
  for (int minute = 0; minute < 60; ++minute) {
    clock_.Advance(absl::Minutes(1));
    ASSERT_THAT(hung.Extend(), IsOk());
  }
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Hours(1)));
}

TEST_P(OldestUnfinishedTest, DoesNotCareWhatTheDateIsSetTo) {
  for (const absl::Duration step :
       {absl::Hours(24), -absl::Hours(24), absl::Hours(200'000), -absl::Hours(200'000)}) {
    SCOPED_TRACE(absl::FormatDuration(step));
    OldestUnfinished oldest(*queue_, clock_);
    ASSERT_THAT(oldest.Age(), IsOk());
    Enqueue(absl::StrCat("1.2.", absl::ToInt64Seconds(absl::AbsDuration(step)), ".",
                         step > absl::ZeroDuration() ? 1 : 2));
    ASSERT_THAT(oldest.Age(), IsOk());
    clock_.StepWallClock(step);
    clock_.Advance(absl::Seconds(7));
    EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Seconds(7)));
    FinishNext();
  }
}

TEST_P(OldestUnfinishedTest, AfterARestartTheOldestsDateCountsOnce) {
  Enqueue("1.2.1");
  Enqueue("1.2.2");
  clock_.Advance(absl::Hours(2));
  OldestUnfinished oldest(*queue_, clock_);
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Hours(2)));
  clock_.StepWallClock(absl::Hours(24));
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Hours(2)));
  clock_.Advance(absl::Minutes(1));
  FinishNext();
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::Minutes(1))) << "counted from the restart";
}

TEST_P(OldestUnfinishedTest, ADateInTheFutureIsNoAge) {
  Enqueue("1.2.1");
  clock_.StepWallClock(-absl::Hours(24));
  OldestUnfinished oldest(*queue_, clock_);
  EXPECT_THAT(oldest.Age(), IsOkAndHolds(absl::ZeroDuration()));
}

// A queue that does not run dry for a day, looked at each second.
TEST_P(OldestUnfinishedTest, OverThousandsOfLooksTheAgeStaysTrueToAFewPerCentAndIsNeverTooGreat) {
  if (!sqlite()) GTEST_SKIP() << "SKIPPED: the same code, and slow with a server";
  OldestUnfinished oldest(*queue_, clock_);
  constexpr int kLooks = 3000;
  for (int i = 1; i <= kLooks; ++i) {
    Enqueue(absl::StrCat("1.2.", i));
    ASSERT_THAT(oldest.Age(), IsOk());
    clock_.Advance(absl::Seconds(1));
  }
  for (int finished = 1; finished <= 1500; ++finished) FinishNext();
  // Film 1,501 came 1,500 seconds ago.
  const absl::StatusOr<absl::Duration> age = oldest.Age();
  ASSERT_THAT(age, IsOk());
  EXPECT_THAT(*age, Le(absl::Seconds(1500)));
  EXPECT_THAT(*age, Ge(absl::Seconds(1490)));
}

}  // namespace
}  // namespace camnode
