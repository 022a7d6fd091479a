// What a watcher resumes from: numbers without gaps, in the order of commits.

#include "core/storage/event_log.h"

#include <atomic>
#include <thread>

#include "core/storage/sql/open_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::IsEmpty;

class EventLogTest : public StorageTest {};
CAMNODE_TEST_ON_ALL_DATABASES(EventLogTest);

Event SomeEvent(int64_t job_id) {
  Event event;
  event.kind = EventKind::kJobBuried;
  event.job_id = job_id;
  event.instance_id = 7;
  event.created_ms = 42;
  return event;
}

TEST_P(EventLogTest, ReadsBackInPages) {
  EventLog log(database());
  EXPECT_THAT(log.LastNumber(), IsOkAndHolds(0));
  for (int i = 1; i <= 3; ++i) {
    ASSERT_THAT(database().Write([i](SqlTransaction& transaction) {
      return AppendEvent(transaction, SomeEvent(100 + i));
    }),
                IsOk());
  }
  EXPECT_THAT(log.LastNumber(), IsOkAndHolds(3));
  const absl::StatusOr<std::vector<Event>> page = log.ReadAfter(1, 1);
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->size(), 1u);
  EXPECT_EQ(page->at(0).number, 2);
  EXPECT_EQ(page->at(0).kind, EventKind::kJobBuried);
  EXPECT_EQ(page->at(0).job_id, 102);
  EXPECT_EQ(page->at(0).instance_id, 7);
  EXPECT_EQ(page->at(0).created_ms, 42);
  EXPECT_THAT(*log.ReadAfter(3, 10), IsEmpty());
}

// A reader that saw number n must never meet a smaller one later, or a watcher
// which resumes after n would miss it.  Every third writer changes its mind.
TEST_P(EventLogTest, AReaderBesideFourCommittersSeesEveryNumberOnceInOrder) {
  OpenedDatabase other = OpenAnother();
  std::atomic<int> running{4};
  std::vector<std::thread> committers;
  for (int committer = 0; committer < 4; ++committer) {
    SqlDatabase& target = committer % 2 == 0 ? database() : *other.database;
    committers.emplace_back([&target, &running, committer] {
      for (int i = 0; i < 30; ++i) {
        const absl::Status status = target.Write([&](SqlTransaction& transaction) {
          const absl::Status appended = AppendEvent(transaction, SomeEvent(committer));
          return i % 3 == 2 ? absl::AbortedError("changed my mind") : appended;
        });
        EXPECT_EQ(status.ok(), i % 3 != 2) << status;
      }
      --running;
    });
  }
  EventLog log(database());
  int64_t last = 0;
  while (last < 4 * 20) {
    const bool done = running == 0;
    const absl::StatusOr<std::vector<Event>> events = log.ReadAfter(last, 1000);
    ASSERT_THAT(events, IsOk());
    for (const Event& event : *events) EXPECT_EQ(event.number, ++last);
    if (done && events->empty()) break;
  }
  for (std::thread& committer : committers) committer.join();
  EXPECT_EQ(last, 4 * 20);
  EXPECT_THAT(log.LastNumber(), IsOkAndHolds(4 * 20));
}

}  // namespace
}  // namespace camnode
