// How many may be connected at once, and that those who mean it find room whatever
// the others do.
// Also: accepting_layer, connection_census.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"
#include "core/domain/ae_title.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/association_acceptor.h"
#include "scp/settings/peer.h"
#include "tests/scp/receive/acceptor_fixture.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

using AssociationLimitsTest = AssociationAcceptorTest;

TEST_F(AssociationLimitsTest, RejectsForNowWhenFull) {
  Start();
  auto first = Associated();
  auto second = Associated();
  // Transient (2), by the presentation provider (3): local limit exceeded (2).
  EXPECT_THAT(Rejection("SENDER", "NODE"), ElementsAre(2, 3, 2));

  EXPECT_THAT(first->Echo(3), Optional(0x0000));
  EXPECT_TRUE(second->Release());
  while (metrics_.open_now > 1) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
}

TEST_F(AssociationLimitsTest, LimitsTheConnectionsOfOnePeer) {
  options_.settings.max_associations = 10;
  options_.settings.max_associations_per_peer = 1;
  Start();
  auto first = Associated();
  EXPECT_THAT(Rejection("SENDER", "NODE"), ElementsAre(2, 3, 2));

  // Two more that say nothing: the next one is closed unread.
  while (metrics_.failed.value() + metrics_.refused_busy.value() < 1) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  std::vector<std::unique_ptr<RawScu>> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(Connect());
  EXPECT_THAT(silent.back()->ReadPdu(), IsEmpty());
  EXPECT_THAT(first->Echo(3), Optional(0x0000));
}

TEST_F(AssociationLimitsTest, IsNotHeldUpByPeersThatSayNothing) {
  options_.settings.association_request_timeout = absl::Milliseconds(300);
  options_.settings.max_associations_per_peer = 16;
  Start();
  std::vector<std::unique_ptr<RawScu>> silent;
  for (int i = 0; i < 9; ++i) silent.push_back(Connect());  // One thread is left.

  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
  for (auto& scu : silent) EXPECT_THAT(scu->ReadPdu(), IsEmpty()) << "closed at its deadline";
}

// Of its own: it would be the whole node's, or the address's, otherwise.
TEST_F(AssociationLimitsTest, LimitsTheAssociationsOfOneTitle) {
  options_.settings.max_associations = 10;
  Peer limited = KnownPeer("LIMITED", "127.0.0.0/8");
  limited.max_associations = 1;
  const PeerPolicy policy({*AeTitle::Parse("NODE")}, {limited, KnownPeer("SENDER", "127.0.0.0/8")},
                          false);
  acceptor_ = std::make_unique<AssociationAcceptor>(options_, policy, handler_, metrics_);
  ASSERT_THAT(acceptor_->Start(), IsOk());
  auto first = Connect();
  ASSERT_EQ(first->Associate("LIMITED", "NODE", CrAndEcho())[0], kAssociateAccept);

  EXPECT_THAT(Rejection(" LIMITED", "NODE"), ElementsAre(2, 3, 2)) << "padded, but the same";
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000)) << "another title from the same address";
  EXPECT_TRUE(first->Release());
  first.reset();
  while (metrics_.open_now > 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(Connect()->Associate("LIMITED", "NODE", CrAndEcho())[0], kAssociateAccept);
  acceptor_.reset();
}

TEST_F(AssociationLimitsTest, LimitsTheDataSetsOfOneTitle) {
  Peer limited = KnownPeer("SENDER", "127.0.0.0/8");
  limited.max_instance_bytes = 1000;
  const PeerPolicy policy({*AeTitle::Parse("NODE")}, {limited}, false);
  acceptor_ = std::make_unique<AssociationAcceptor>(options_, policy, handler_, metrics_);
  ASSERT_THAT(acceptor_->Start(), IsOk());
  auto scu = Associated();
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2", std::string(1002, 'x')), Optional(0xA700));
  EXPECT_THAT(scu->Store(1, kCrSopClass, "1.2", std::string(1000, 'x')), Optional(0x0000));
  scu.reset();
  acceptor_.reset();
}

// More silent connections, each within its rights, than there are threads: without
// anyone being made to leave, the next would wait for the request deadline.
TEST_F(AssociationLimitsTest, WhoHasBeenSilentLongestMakesRoomForWhoMeansIt) {
  options_.settings.max_associations_per_peer = 100;
  options_.settings.association_request_timeout = absl::Seconds(60);
  Start();
  auto working = Associated();
  std::vector<std::unique_ptr<RawScu>> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(Connect());

  const Stopwatch stopwatch;
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(5));
  EXPECT_THAT(silent.front()->ReadPdu(), IsEmpty()) << "the oldest was closed";
  EXPECT_THAT(working->Echo(3), Optional(0x0000)) << "never one at work";
}

// Behind one address may be many machines, one of them good.
TEST_F(AssociationLimitsTest, ASilentCrowdOfAGoodPeersAddressKeepsItOutForAMomentAtMost) {
  options_.settings.max_associations = 10;
  options_.settings.max_associations_per_peer = 4;
  options_.settings.association_request_timeout = absl::Seconds(60);
  Start();
  auto working = Associated();
  std::vector<std::unique_ptr<RawScu>> silent;
  for (int i = 0; i < 40; ++i) silent.push_back(Connect());

  const Stopwatch stopwatch;
  std::string answer;
  while (answer.empty() || answer[0] != kAssociateAccept) {
    ASSERT_LT(stopwatch.Elapsed(), absl::Seconds(3)) << "kept out";
    answer = Connect()->Associate("SENDER", "NODE", CrAndEcho());
  }
  EXPECT_THAT(working->Echo(3), Optional(0x0000)) << "never one at work";
}

// Rejected peers that do not close hold a thread each while we wait for them.
TEST_F(AssociationLimitsTest, RejectedPeersThatLingerMakeRoomToo) {
  options_.settings.max_associations_per_peer = 100;
  Start();
  std::vector<std::unique_ptr<RawScu>> lingering;
  const Stopwatch stopwatch;
  for (int i = 0; i < 30; ++i) {
    lingering.push_back(Connect());
    EXPECT_FALSE(lingering.back()->Associate("STRANGER", "NODE", CrAndEcho()).empty());
  }
  EXPECT_THAT(Associated()->Echo(3), Optional(0x0000));
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(2)) << "a second for each ten of them otherwise";
}

}  // namespace
}  // namespace camnode
