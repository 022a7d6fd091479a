// Grouping, with a database that is a list of words: what was committed can be
// read off, and commits can be counted and made to fail.

#include "core/storage/sql/group_writer.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/stopwatch.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// A transaction over a list of words.  "fail" is refused, "break" ends the whole
// transaction, "conflict" meets a deadlock the first time.
class WordConnection final : public SqlConnection {
 public:
  absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view, const SqlParameters&) override {
    return std::vector<SqlRow>();
  }

  absl::StatusOr<int64_t> Execute(absl::string_view word, const SqlParameters&) override {
    if (word == "SAVEPOINT call") {
      savepoint_ = words.size();
    } else if (word == "ROLLBACK TO SAVEPOINT call") {
      words.resize(savepoint_);
    } else if (word == "fail") {
      return absl::InvalidArgumentError("fail");
    } else if (word == "break") {
      open = false;
      return absl::ResourceExhaustedError("break");
    } else if (word == "conflict" && !conflicted_before_) {
      conflicted_before_ = conflict_ = true;
      return absl::UnavailableError("deadlock");
    } else if (word != "RELEASE SAVEPOINT call") {
      words.emplace_back(word);
    }
    return 1;
  }

  SqlDialect dialect() const override { return SqlDialect::kSqlite; }
  bool InTransaction() override { return open; }
  bool TakeConflict() override { return std::exchange(conflict_, false); }
  bool Usable() override { return true; }
  void SetWatch(Watch) override {}

  std::vector<std::string> words;
  bool open = false;

 private:
  size_t savepoint_ = 0;
  bool conflict_ = false;
  bool conflicted_before_ = false;
};

// What the test sees and decides.
struct Disk {
  std::vector<std::vector<std::string>> commits;
  std::vector<std::string> rung;
  std::function<void()> before_begin = [] {};
  absl::Status begin_error;
  absl::Status commit_error;
  std::function<void()> before_ring = [] {};
};

class WordDriver final : public WriteDriver {
 public:
  explicit WordDriver(Disk& disk) : disk_(disk) {}

  absl::Status Begin() override {
    disk_.before_begin();
    connection_.open = disk_.begin_error.ok();
    connection_.words.clear();
    return disk_.begin_error;
  }
  SqlConnection& connection() override { return connection_; }
  absl::Status Commit(const std::vector<std::string>&) override {
    connection_.open = false;
    if (!disk_.commit_error.ok()) return disk_.commit_error;
    disk_.commits.push_back(connection_.words);
    return absl::OkStatus();
  }
  void AfterCommit(const std::vector<std::string>& topics) override {
    disk_.before_ring();
    disk_.rung.insert(disk_.rung.end(), topics.begin(), topics.end());
  }
  void Rollback() override { connection_.open = false; }

 private:
  Disk& disk_;
  WordConnection connection_;
};

class GroupWriterTest : public ::testing::Test {
 protected:
  absl::Status WriteWord(const std::string& word) {
    return writer_->Write([&](SqlTransaction& transaction) {
      transaction.RingAfterCommit(word);
      return transaction.Execute(word, {}).status();
    });
  }

  // Writes each word from a thread of its own, all waiting before the first begins.
  std::vector<absl::Status> WriteTogether(const std::vector<std::string>& words) {
    std::atomic<bool> first{true};
    disk_.before_begin = [&] {
      if (!first.exchange(false)) return;
      while (writer_->statistics().waiting < static_cast<int64_t>(words.size())) {
        std::this_thread::yield();
      }
    };
    std::vector<absl::Status> statuses(words.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < words.size(); ++i) {
      threads.emplace_back([&, i] { statuses[i] = WriteWord(words[i]); });
    }
    for (std::thread& thread : threads) thread.join();
    disk_.before_begin = [] {};
    return statuses;
  }

  // Bells ring after the calls have returned: what has rung is known once the writer ended.
  std::vector<std::string> Rung() {
    writer_.reset();
    return disk_.rung;
  }

  Disk disk_;
  std::unique_ptr<GroupWriter> writer_ =
      std::make_unique<GroupWriter>(std::make_unique<WordDriver>(disk_));
};

TEST_F(GroupWriterTest, OneCallIsOneCommit) {
  EXPECT_THAT(WriteWord("a"), IsOk());
  EXPECT_THAT(WriteWord("b"), IsOk());
  EXPECT_THAT(disk_.commits, ElementsAre(ElementsAre("a"), ElementsAre("b")));
  EXPECT_THAT(Rung(), ElementsAre("a", "b"));
}

TEST_F(GroupWriterTest, CallsThatWaitTogetherShareOneCommit) {
  EXPECT_THAT(WriteTogether({"a", "b", "c", "d"}), ::testing::Each(IsOk()));
  ASSERT_EQ(disk_.commits.size(), 1u);
  EXPECT_THAT(disk_.commits[0], UnorderedElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(writer_->statistics().calls, 4);
  EXPECT_EQ(writer_->statistics().commits, 1);
}

TEST_F(GroupWriterTest, OneCallsErrorIsItsOwn) {
  const std::vector<absl::Status> statuses = WriteTogether({"a", "fail", "b"});
  EXPECT_THAT(statuses[0], IsOk());
  EXPECT_THAT(statuses[1], StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(statuses[2], IsOk());
  ASSERT_EQ(disk_.commits.size(), 1u);
  EXPECT_THAT(disk_.commits[0], UnorderedElementsAre("a", "b"));
  EXPECT_THAT(Rung(), ElementsAre("a", "b"));
}

TEST_F(GroupWriterTest, NothingIsCommittedForACallThatFailedAlone) {
  EXPECT_THAT(WriteWord("fail"), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(disk_.commits, IsEmpty());
  EXPECT_THAT(Rung(), IsEmpty());
}

TEST_F(GroupWriterTest, ACommitThatFailsIsReportedToAllAndRingsNothing) {
  disk_.commit_error = absl::ResourceExhaustedError("disk full");
  EXPECT_THAT(WriteTogether({"a", "b", "c"}),
              ::testing::Each(StatusIs(absl::StatusCode::kResourceExhausted)));

  disk_.commit_error = absl::OkStatus();
  EXPECT_THAT(WriteWord("d"), IsOk());
  EXPECT_THAT(Rung(), ElementsAre("d"));
}

TEST_F(GroupWriterTest, ACallReturnsBeforeItsBellRings) {
  std::atomic<bool> returned{false};
  bool rang_after_return = false;
  disk_.before_ring = [&] {
    const Deadline patience(absl::Seconds(10));
    while (!returned && !patience.Expired()) std::this_thread::yield();
    rang_after_return = returned;
  };
  EXPECT_THAT(WriteWord("a"), IsOk());
  returned = true;

  EXPECT_THAT(Rung(), ElementsAre("a"));
  EXPECT_TRUE(rang_after_return);
}

TEST_F(GroupWriterTest, ACallWhoseTurnDoesNotComeGivesUpAndNeverRuns) {
  std::atomic<bool> locked{true};
  disk_.before_begin = [&] {
    while (locked) std::this_thread::yield();
  };
  writer_ = std::make_unique<GroupWriter>(std::make_unique<WordDriver>(disk_),
                                          /*patience=*/absl::Milliseconds(20));
  EXPECT_THAT(WriteWord("a"), StatusIs(absl::StatusCode::kUnavailable));
  locked = false;

  EXPECT_THAT(Rung(), IsEmpty());
  EXPECT_THAT(disk_.commits, IsEmpty());
}

TEST_F(GroupWriterTest, ADatabaseThatIsGoneIsReportedToAll) {
  disk_.begin_error = absl::UnavailableError("gone");
  EXPECT_THAT(WriteTogether({"a", "b"}), ::testing::Each(StatusIs(absl::StatusCode::kUnavailable)));
}

// A program stopped by a debugger while it holds the lock, for one.
TEST(GroupWriterPatienceTest, ACallThatGetsNoTurnIsGivenUpAndNeverRuns) {
  Disk disk;
  std::atomic<bool> locked{true};
  disk.before_begin = [&] {
    while (locked) std::this_thread::yield();
  };
  GroupWriter writer(std::make_unique<WordDriver>(disk), absl::Milliseconds(50));
  const auto write = [&](const char* word) {
    return writer.Write(
        [&](SqlTransaction& transaction) { return transaction.Execute(word, {}).status(); });
  };

  EXPECT_THAT(write("a"), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("locked")));
  EXPECT_EQ(writer.statistics().waiting, 0);

  locked = false;
  while (!write("b").ok()) {
  }
  EXPECT_THAT(disk.commits, ElementsAre(ElementsAre("b")));
}

// A full disk ends an SQLite transaction with everything in it: those who only
// shared it must not suffer.
TEST_F(GroupWriterTest, ACallThatBreaksTheTransactionSpoilsOnlyItself) {
  const std::vector<absl::Status> statuses = WriteTogether({"a", "break", "b"});
  EXPECT_THAT(statuses[0], IsOk());
  EXPECT_THAT(statuses[1], StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(statuses[2], IsOk());
  std::vector<std::string> committed;
  for (const auto& words : disk_.commits) {
    committed.insert(committed.end(), words.begin(), words.end());
  }
  EXPECT_THAT(committed, UnorderedElementsAre("a", "b"));
}

TEST_F(GroupWriterTest, TheVictimOfADeadlockRunsAgainByItself) {
  EXPECT_THAT(WriteTogether({"a", "conflict"}), ::testing::Each(IsOk()));
  EXPECT_THAT(disk_.commits, ElementsAre(ElementsAre("a"), ElementsAre("conflict")));
  EXPECT_THAT(WriteWord("b"), IsOk());
}

}  // namespace
}  // namespace camnode
