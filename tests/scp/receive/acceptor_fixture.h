// An acceptor on a free port with a handler that keeps what it is given.

#ifndef CAMNODE_TESTS_SCP_RECEIVE_ACCEPTOR_FIXTURE_H_
#define CAMNODE_TESTS_SCP_RECEIVE_ACCEPTOR_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/metrics.h"
#include "core/domain/ae_title.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/association_acceptor.h"
#include "scp/settings/address_range.h"
#include "scp/settings/peer.h"
#include "tests/scp/raw_scu.h"
#include "tests/scp/receive/fake_store_handler.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"

namespace camnode {

inline constexpr char kAssociateAccept = 2;
inline constexpr char kAssociateReject = 3;
inline constexpr char kAbort = 7;

inline Peer KnownPeer(const std::string& title, const std::string& range) {
  return Peer{*AeTitle::Parse(title), {*AddressRange::Parse(range)}, 0, ""};
}

inline std::vector<ProposedContext> CrAndEcho() {
  return {{kCrSopClass, {kExplicitVr}}, {kVerification, {kImplicitVr}}};
}

class AssociationAcceptorTest : public ::testing::Test {
 protected:
  AssociationAcceptorTest() {
    options_.settings.port = 0;
    options_.settings.max_associations = 2;
    options_.drain_timeout = absl::Milliseconds(200);
  }

  void Start() {
    acceptor_ = std::make_unique<AssociationAcceptor>(options_, policy_, handler_, metrics_);
    ASSERT_THAT(acceptor_->Start(), IsOk());
    ASSERT_GT(acceptor_->port(), 0);
  }

  std::unique_ptr<RawScu> Connect() { return std::make_unique<RawScu>(acceptor_->port()); }

  // An association with contexts 1 (CR) and 3 (echo).
  std::unique_ptr<RawScu> Associated() {
    auto scu = Connect();
    EXPECT_EQ(scu->Associate("SENDER", "NODE", CrAndEcho())[0], kAssociateAccept);
    return scu;
  }

  // Result, source and reason of the rejection; empty if it was none.
  std::vector<int> Rejection(const std::string& calling, const std::string& called) {
    const std::string pdu = Connect()->Associate(calling, called, CrAndEcho());
    if (pdu.size() != 10 || pdu[0] != kAssociateReject) return {};
    return {pdu[7], pdu[8], pdu[9]};
  }

  AcceptorOptions options_;
  FakeStoreHandler handler_;
  PeerPolicy policy_{{*AeTitle::Parse("NODE")},
                     {KnownPeer("SENDER", "127.0.0.0/8"), KnownPeer("ELSEWHERE", "192.0.2.0/24")},
                     false};
  MetricRegistry registry_;
  AcceptorMetrics metrics_{registry_};
  std::unique_ptr<AssociationAcceptor> acceptor_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_SCP_RECEIVE_ACCEPTOR_FIXTURE_H_
