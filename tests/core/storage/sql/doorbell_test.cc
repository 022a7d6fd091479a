// A ring reaches every program that waits, and nobody waits for one that died.
// Also: local_doorbell, postgres_doorbell, socket_doorbell.

#include "core/storage/sql/doorbell.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/sql/local_doorbell.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/socket_doorbell.h"
#include "core/storage/sql/sql_database.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

// Long enough never to be waited for, short enough to end a broken test.
constexpr absl::Duration kPatience = absl::Seconds(20);

class DoorbellTest : public StorageTest {};
CAMNODE_TEST_ON_ALL_DATABASES(DoorbellTest);

TEST_P(DoorbellTest, ARingWakesThisProgramAndTheOther) {
  OpenedDatabase other = OpenAnother();
  doorbell().Ring(kJobsTopic);
  EXPECT_TRUE(doorbell().Wait(kJobsTopic, kPatience));
  EXPECT_TRUE(other.doorbell->Wait(kJobsTopic, kPatience));
}

TEST_P(DoorbellTest, ACommitRingsInTheOtherProgramAndAFailureDoesNot) {
  OpenedDatabase other = OpenAnother();
  EXPECT_THAT(database().Write([](SqlTransaction& transaction) {
    transaction.RingAfterCommit(kEventsTopic);
    return absl::AbortedError("changed my mind");
  }),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(database().Write([](SqlTransaction& transaction) {
    transaction.RingAfterCommit(kOutboxTopic);
    return transaction.Execute("UPDATE event_counter SET last_number = last_number", {}).status();
  }),
              IsOk());
  EXPECT_TRUE(other.doorbell->Wait(kOutboxTopic, kPatience));
  // Rings come in order: had there been one for events, it would be here.
  EXPECT_FALSE(other.doorbell->Wait(kEventsTopic, absl::ZeroDuration()));
}

TEST_P(DoorbellTest, AnotherTopicDoesNotWake) {
  doorbell().Ring(kOutboxTopic);
  EXPECT_FALSE(doorbell().Wait(kJobsTopic, absl::ZeroDuration()));
  EXPECT_TRUE(doorbell().Wait(kOutboxTopic, absl::ZeroDuration()));
}

class SocketDoorbellTest : public ::testing::Test {
 protected:
  std::unique_ptr<SocketDoorbell> OpenIn(const std::string& directory) {
    absl::StatusOr<std::unique_ptr<SocketDoorbell>> doorbell = SocketDoorbell::Open(directory);
    EXPECT_THAT(doorbell, IsOk());
    return *std::move(doorbell);
  }
  static int Entries(const std::string& directory) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      (void)entry;
      ++count;
    }
    return count;
  }
  TemporaryDirectory directory_;
};

// A socket's address holds 107 bytes; data directories know no such limit.
TEST_F(SocketDoorbellTest, WorksInADeepDirectory) {
  const std::string deep =
      directory_.path() + "/" + std::string(100, 'd') + "/" + std::string(100, 'e') + "/doorbell";
  const std::unique_ptr<SocketDoorbell> one = OpenIn(deep);
  const std::unique_ptr<SocketDoorbell> two = OpenIn(deep);
  one->Ring(kJobsTopic);
  EXPECT_TRUE(two->Wait(kJobsTopic, kPatience));
}

TEST_F(SocketDoorbellTest, RemovesTheSocketOfAProgramThatDied) {
  const std::unique_ptr<SocketDoorbell> doorbell = OpenIn(directory_.path());
  // What a killed program leaves: a bound name that nobody has open.
  const int dead = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (directory_.path() + "/1-deadbeef.socket").c_str());
  ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ::close(dead);
  ASSERT_EQ(Entries(directory_.path()), 2);

  doorbell->Ring(kJobsTopic);

  EXPECT_EQ(Entries(directory_.path()), 1);
}

TEST_F(SocketDoorbellTest, LeavesFilesThatAreNotItsOwn) {
  const std::unique_ptr<SocketDoorbell> doorbell = OpenIn(directory_.path());
  std::ofstream(directory_.path() + "/notes.txt") << "keep";
  std::ofstream(directory_.path() + "/notes.socket") << "keep";
  doorbell->Ring(kJobsTopic);
  EXPECT_TRUE(std::filesystem::exists(directory_.path() + "/notes.txt"));
}

TEST_F(SocketDoorbellTest, LeavesNothingBehind) {
  OpenIn(directory_.path());
  EXPECT_EQ(Entries(directory_.path()), 0);
}

// A worker that is busy for minutes must not hold up whoever rings.
TEST_F(SocketDoorbellTest, RingingNeverBlocksOnAProgramThatDoesNotListen) {
  const std::unique_ptr<SocketDoorbell> doorbell = OpenIn(directory_.path());
  const int deaf = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (directory_.path() + "/1-00000000.socket").c_str());
  ASSERT_EQ(::bind(deaf, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  for (int i = 0; i < 2000; ++i) doorbell->Ring(kJobsTopic);
  EXPECT_EQ(Entries(directory_.path()), 2) << "alive, though deaf";
  ::close(deaf);
}

TEST(LocalDoorbellTest, AWaitAnswersARingOnce) {
  LocalDoorbell doorbell;
  EXPECT_FALSE(doorbell.Wait(kJobsTopic, absl::ZeroDuration()));
  doorbell.Ring(kJobsTopic);
  doorbell.Ring(kJobsTopic);
  EXPECT_TRUE(doorbell.Wait(kJobsTopic, absl::ZeroDuration()));
  EXPECT_FALSE(doorbell.Wait(kJobsTopic, absl::ZeroDuration()));
}

// One watcher that takes a ring must not make another miss it.
TEST(LocalDoorbellTest, EveryThreadHearsARing) {
  LocalDoorbell doorbell;
  doorbell.Ring(kEventsTopic);
  EXPECT_TRUE(doorbell.Wait(kEventsTopic, absl::ZeroDuration()));
  bool heard = false;
  std::thread late([&] { heard = doorbell.Wait(kEventsTopic, absl::ZeroDuration()); });
  late.join();
  EXPECT_TRUE(heard);
}

TEST(LocalDoorbellTest, StopEndsEveryWait) {
  LocalDoorbell doorbell;
  bool rang = true;
  std::thread waiter([&] { rang = doorbell.Wait(kJobsTopic, kPatience); });
  doorbell.Stop();
  waiter.join();
  EXPECT_FALSE(rang);
  doorbell.Ring(kJobsTopic);
  EXPECT_FALSE(doorbell.Wait(kJobsTopic, kPatience));
}

}  // namespace
}  // namespace camnode
