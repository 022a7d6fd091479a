// Two real programs on one database, as node and worker are.
// Also: core/storage/sql/database_time, core/storage/sql/file_lock.

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/domain/instance.h"
#include "core/storage/blob_names.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/blobs/blob_sweep.h"
#include "core/storage/sql/doorbell.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

extern char** environ;

namespace camnode {
namespace {

class TwoProgramsTest : public StoresTest {
 protected:
  // `variables`: "NAME=value", besides our own.
  pid_t StartPeer(int count, const std::string& prefix,
                  const std::vector<std::string>& variables = {}) {
    std::vector<char*> environment;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment.push_back(*variable);
    }
    for (const std::string& variable : variables) {
      environment.push_back(const_cast<char*>(variable.c_str()));
    }
    environment.push_back(nullptr);
    const std::array<std::string, 5> words = {CAMNODE_STORAGE_PEER, uri_, directory_.path(),
                                              absl::StrCat(count), prefix};
    std::array<char*, 6> arguments{};
    for (size_t i = 0; i < words.size(); ++i) arguments[i] = const_cast<char*>(words[i].c_str());
    pid_t peer = 0;
    EXPECT_EQ(
        ::posix_spawn(&peer, arguments[0], nullptr, nullptr, arguments.data(), environment.data()),
        0);
    return peer;
  }

  static void ExpectKilled(pid_t peer) {
    int status = 0;
    EXPECT_EQ(::waitpid(peer, &status, 0), peer);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }

  static void ExpectSuccess(pid_t peer) {
    int status = -1;
    EXPECT_EQ(::waitpid(peer, &status, 0), peer);
    EXPECT_EQ(status, 0);
  }
};
CAMNODE_TEST_ON_ALL_DATABASES(TwoProgramsTest);

TEST_P(TwoProgramsTest, ARingCrossesFromOneToTheOther) {
  const pid_t peer = StartPeer(1, "1.5");
  EXPECT_TRUE(doorbell().Wait(kJobsTopic, absl::Seconds(20)));
  ExpectSuccess(peer);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), 1);
}

// Back-to-back commits of one program must not keep the other from its turn: with
// SQLite's own waiting a turn takes a second, in which the other writes thousands.
TEST_P(TwoProgramsTest, NeitherStarvesTheOther) {
  constexpr int kWrites = 100;         // Each gets through at least so many
  constexpr int kMostWrites = 10'000;  // before the other has got through these.
  const pid_t peer = StartPeer(1'000'000, "1.5");
  ASSERT_TRUE(doorbell().Wait(kJobsTopic, absl::Seconds(20))) << "the other is at work";
  int mine = 0;
  int64_t theirs = 0;
  while (std::min<int64_t>(mine, theirs) < kWrites &&
         std::max<int64_t>(mine, theirs) < kMostWrites) {
    for (int i = 0; i < kWrites; ++i) Enqueue(absl::StrCat("1.6.", ++mine));
    theirs = AskInt("SELECT COUNT(*) FROM instance WHERE study_instance_uid = '1.5'");
  }
  ::kill(peer, SIGKILL);
  ExpectKilled(peer);

  EXPECT_GE(theirs, kWrites);
  EXPECT_LT(theirs, kMostWrites);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), AskInt("SELECT COUNT(*) FROM instance"));
}

// kill -9 between each pair of steps, then the sender repeats, as senders do: every
// film is there once, with its bytes, and the sweep leaves nothing else.
TEST_P(TwoProgramsTest, AKillAtAnyStepLosesNothingAndKeepsNothingTwice) {
  int kills = 0;
  for (const std::string point :
       {"after_blob_write", "after_blob_fsync", "after_blob_rename", "after_blob_directory_fsync",
        "before_instance_commit", "before_doorbell_ring", "after_instance_commit"}) {
    if (!sqlite() && point == "before_doorbell_ring") continue;  // NOTIFY is in the commit.
    const std::string study = absl::StrCat("1.7.", ++kills);
    ExpectKilled(StartPeer(3, study,
                           {"CAMNODE_CRASH_AT=" + point,
                            absl::StrCat("CAMNODE_CRASH_ONCE=", directory_.path(), "/", point)}));
    ExpectSuccess(StartPeer(3, study));
  }
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM instance"), 3 * kills);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job WHERE state = 'queued'"), 3 * kills);

  const absl::StatusOr<std::unique_ptr<BlobStore>> blobs =
      BlobStore::Open(directory_.path() + "/blobs");
  ASSERT_THAT(blobs, IsOk());
  BlobNames names(database());
  SweepOptions options;
  options.min_age = -absl::Hours(1);  // Nobody writes any more.
  const absl::StatusOr<SweepReport> swept = SweepBlobs(
      **blobs, [&](const auto& ids) { return names.Among(ids); }, options, SystemClock());
  ASSERT_THAT(swept, IsOk());
  EXPECT_GE(swept->set_aside, 3) << "what the kills before the commit left behind";
  EXPECT_THAT((*blobs)->RemoveDeadParts(SystemClock().Now() + absl::Hours(1)), IsOkAndHolds(2));
  for (int kill = 1; kill <= kills; ++kill) {
    const absl::StatusOr<std::vector<Instance>> films =
        instances_->ListStudyInstances(MakeUid(absl::StrCat("1.7.", kill)), 10);
    ASSERT_THAT(films, IsOk());
    for (const Instance& film : *films) {
      EXPECT_THAT((*blobs)->ReadAll(film.blob_id, 100), IsOkAndHolds(film.sop_instance_uid.text()));
    }
  }
}

}  // namespace
}  // namespace camnode
