// Two real programs on one database, as node and worker are.

#include <spawn.h>
#include <sys/wait.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "core/storage/doorbell.h"
#include "tests/core/storage/storage_fixture.h"

extern char** environ;

namespace camnode {
namespace {

class TwoProgramsTest : public StoresTest {
 protected:
  pid_t StartPeer(int count, const std::string& prefix) {
    const std::array<std::string, 5> words = {CAMNODE_STORAGE_PEER, uri_, directory_.path(),
                                              absl::StrCat(count), prefix};
    std::array<char*, 6> arguments{};
    for (size_t i = 0; i < words.size(); ++i) arguments[i] = const_cast<char*>(words[i].c_str());
    pid_t peer = 0;
    EXPECT_EQ(::posix_spawn(&peer, arguments[0], nullptr, nullptr, arguments.data(), environ), 0);
    return peer;
  }

  // Leaves it to be waited for.
  static bool HasEnded(pid_t peer) {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(peer), &ended, WEXITED | WNOHANG | WNOWAIT);
    return ended.si_pid == peer;
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
// SQLite's own waiting it gets none for seconds.
TEST_P(TwoProgramsTest, NeitherStarvesTheOther) {
  constexpr int kPeerWrites = 300;
  const pid_t peer = StartPeer(kPeerWrites, "1.5");
  ASSERT_TRUE(doorbell().Wait(kJobsTopic, absl::Seconds(20))) << "the other is at work";
  int mine = 0;
  while (mine < 10'000 && !HasEnded(peer)) Enqueue(absl::StrCat("1.6.", ++mine));
  ExpectSuccess(peer);
  EXPECT_EQ(AskInt("SELECT COUNT(*) FROM job"), kPeerWrites + mine);
  EXPECT_GT(mine, kPeerWrites / 20);
  EXPECT_LT(mine, kPeerWrites * 20);
}

}  // namespace
}  // namespace camnode
