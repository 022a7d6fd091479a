// What watchers were told stays true, or they are told that it does not.

#include "core/storage/event_history.h"

#include <fstream>
#include <vector>

#include "core/storage/store_identity.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class EventHistoryTest : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    epoch_ = JoinStore(database(), "", directory_.path() + "/blobs")->epoch;
    Restart();
  }

  // The node starts anew: what it knows is in its file.
  void Restart() {
    history_.reset();
    history_ = EventHistory::Open(database(), file_).value();
  }

  void Append(int64_t job_id) {
    Event event;
    event.kind = EventKind::kJobBuried;
    event.job_id = job_id;
    event.created_ms = 42;
    ASSERT_THAT(database().Write(
                    [&](SqlTransaction& transaction) { return AppendEvent(transaction, event); }),
                IsOk());
  }

  // All events are told, as to one watcher.
  void TellAll() {
    const absl::StatusOr<std::vector<Event>> events = EventLog(database()).ReadAfter(0, 100);
    ASSERT_THAT(events, IsOk());
    for (const Event& event : *events) history_->Told(event);
  }

  // As a restored copy has it, which had only the first `kept` events.
  void Rewind(int64_t kept) {
    ASSERT_THAT(Execute("DELETE FROM event WHERE number > " + std::to_string(kept)), IsOk());
    ASSERT_THAT(Execute("UPDATE event_counter SET last_number = " + std::to_string(kept)), IsOk());
  }

  std::string EpochNow() { return history_->Check()->epoch; }

  const std::string file_ = directory_.path() + "/events.told";
  std::string epoch_;
  std::unique_ptr<EventHistory> history_;
};
CAMNODE_TEST_ON_ALL_DATABASES(EventHistoryTest);

TEST_P(EventHistoryTest, TheEpochStaysWhileEventsAreAdded) {
  Append(1);
  TellAll();
  Append(2);
  Restart();

  const absl::StatusOr<EventPosition> position = history_->Check();

  ASSERT_THAT(position, IsOk());
  EXPECT_EQ(position->epoch, epoch_);
  EXPECT_EQ(position->last_number, 2);
  EXPECT_EQ(history_->epoch(), epoch_);
}

TEST_P(EventHistoryTest, ARestoredDatabaseBeginsANewEpochOnce) {
  Append(1);
  Append(2);
  TellAll();
  Rewind(1);
  Restart();

  const std::string next = EpochNow();

  EXPECT_NE(next, epoch_);
  EXPECT_EQ(EpochNow(), next);
  Restart();
  EXPECT_EQ(EpochNow(), next) << "it is in the database";
  Append(3);
  TellAll();
  EXPECT_EQ(EpochNow(), next);
}

// New events have come to the old number before anybody looked.
TEST_P(EventHistoryTest, TheSameNumberOfAnotherEventIsNoticed) {
  Append(1);
  Append(2);
  TellAll();
  Rewind(1);
  Append(17);
  Append(18);

  EXPECT_NE(EpochNow(), epoch_);
}

TEST_P(EventHistoryTest, WhatNobodyWasToldOfMayGo) {
  Append(1);
  TellAll();
  Append(2);
  Rewind(1);

  EXPECT_EQ(EpochNow(), epoch_);
}

// Old events may be removed one day; that is no restore.
TEST_P(EventHistoryTest, AnEventThatWasRemovedBelowLaterOnesSaysNothing) {
  Append(1);
  TellAll();
  Append(2);
  ASSERT_THAT(Execute("DELETE FROM event WHERE number = 1"), IsOk());

  EXPECT_EQ(EpochNow(), epoch_);
}

TEST_P(EventHistoryTest, AMemoryThatCannotBeReadSaysNothing) {
  Append(1);
  TellAll();
  std::ofstream(file_) << "noise";
  Rewind(0);
  Restart();

  EXPECT_EQ(EpochNow(), epoch_);
}

}  // namespace
}  // namespace camnode
