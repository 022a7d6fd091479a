// Also: scp/settings/address_range.

#include "scp/receive/application_entity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "scp/settings/address_range.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

bool Matches(const std::string& range, const std::string& address) {
  const auto parsed = AddressRange::Parse(range);
  EXPECT_THAT(parsed, IsOk()) << range;
  return parsed.ok() && parsed->Contains(address);
}

TEST(AddressRangeTest, HoldsTheAddressesOfItsNetwork) {
  EXPECT_TRUE(Matches("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(Matches("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(Matches("10.1.0.0/16", "10.1.255.255"));
  EXPECT_FALSE(Matches("10.1.0.0/16", "10.2.0.0"));
  EXPECT_TRUE(Matches("192.168.0.0/23", "192.168.1.9"));
  EXPECT_FALSE(Matches("192.168.0.0/23", "192.168.2.0"));
  EXPECT_TRUE(Matches("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(Matches("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(Matches("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(Matches("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(Matches("192.0.2.0/24", "::ffff:192.0.2.9")) << "IPv4 through an IPv6 socket";
  EXPECT_FALSE(Matches("::/0", "not an address"));
}

TEST(AddressRangeTest, RefusesWhatIsNoRange) {
  for (const char* text : {"", "pacs.example.org", "192.0.2", "192.0.2.0/33", "192.0.2.0/",
                           "::/129", "192.0.2.0/-1", "192.0.2.0/8x", "1.2.3.4 "}) {
    EXPECT_THAT(AddressRange::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

class PeerPolicyTest : public ::testing::Test {
 protected:
  static Peer MakePeer(const char* title, const char* range, int port, const char* host) {
    return {*AeTitle::Parse(title), {*AddressRange::Parse(range)}, port, host};
  }
  PeerPolicy Policy(bool accept_unknown) {
    return PeerPolicy({*AeTitle::Parse("NODE"), *AeTitle::Parse("SECOND")},
                      {MakePeer("CT1", "192.0.2.1", 0, ""), MakePeer("CT1", "10.0.0.0/8", 104, ""),
                       MakePeer("CT2", "192.0.2.2", 105, "pacs.example.org")},
                      accept_unknown);
  }
};

TEST_F(PeerPolicyTest, WantsTitleAndAddressOfOneEntry) {
  const PeerPolicy policy = Policy(false);
  EXPECT_EQ(policy.Check("NODE", "CT1", "192.0.2.1", {}), PeerVerdict::kAccept);
  EXPECT_EQ(policy.Check("NODE  ", "CT1 ", "10.9.9.9", {}), PeerVerdict::kAccept);
  EXPECT_EQ(policy.Check("SECOND", "CT1", "10.9.9.9", {}), PeerVerdict::kAccept);
  EXPECT_EQ(policy.Check("NODE", "CT1", "192.0.2.2", {}), PeerVerdict::kWrongAddress);
  EXPECT_EQ(policy.Check("NODE", "CT3", "192.0.2.1", {}), PeerVerdict::kUnknownCallingAe);
  EXPECT_EQ(policy.Check("node", "CT1", "192.0.2.1", {}), PeerVerdict::kWrongCalledAe);
  EXPECT_EQ(policy.Check("", "CT1", "192.0.2.1", {}), PeerVerdict::kWrongCalledAe);
  EXPECT_TRUE(policy.KnowsAddress("192.0.2.2"));
  EXPECT_FALSE(policy.KnowsAddress("192.0.2.3"));
}

TEST_F(PeerPolicyTest, StillChecksTheCalledTitleWhenAnyoneMayCall) {
  const PeerPolicy policy = Policy(true);
  EXPECT_EQ(policy.Check("NODE", "ANYBODY", "203.0.113.1", {}), PeerVerdict::kAccept);
  EXPECT_EQ(policy.Check("OTHER", "CT1", "192.0.2.1", {}), PeerVerdict::kWrongCalledAe);
  EXPECT_EQ(policy.Check("NODE", "", "203.0.113.1", {}), PeerVerdict::kUnknownCallingAe);
}

TEST_F(PeerPolicyTest, ATitleWithCertificateNamesNeedsACertificateThatCarriesOne) {
  Peer bound = MakePeer("CT3", "192.0.2.0/24", 0, "");
  bound.certificate_names = {"ct3.example.org", "CT 3"};
  const PeerPolicy policy({*AeTitle::Parse("NODE")}, {bound, MakePeer("CT1", "192.0.2.1", 0, "")},
                          false);
  const auto verdict = [&](std::vector<std::string> names) {
    return policy.Check("NODE", "CT3", "192.0.2.9", names);
  };
  EXPECT_EQ(verdict({"somebody", "CT3.Example.ORG"}), PeerVerdict::kAccept);
  EXPECT_EQ(verdict({"CT 3"}), PeerVerdict::kAccept);
  EXPECT_EQ(verdict({}), PeerVerdict::kWrongCertificate) << "plain, or none was shown";
  for (const char* other : {"ct1.example.org", "*.example.org", "ct3.example.org.", "CT 3 ", ""}) {
    EXPECT_EQ(verdict({other}), PeerVerdict::kWrongCertificate) << other;
  }
  EXPECT_EQ(policy.Check("NODE", "CT3", "198.51.100.1", {"CT 3"}), PeerVerdict::kWrongAddress);
  EXPECT_EQ(policy.Check("NODE", "CT1", "192.0.2.1", {}), PeerVerdict::kAccept) << "names none";
}

TEST_F(PeerPolicyTest, WhereAnyoneMayCallATitleIsStillBoundToItsCertificate) {
  Peer bound = MakePeer("CT3", "192.0.2.0/24", 0, "");
  bound.certificate_names = {"ct3.example.org"};
  const PeerPolicy policy({*AeTitle::Parse("NODE")}, {bound}, true);
  EXPECT_EQ(policy.Check("NODE", "CT3", "203.0.113.1", {}), PeerVerdict::kWrongCertificate);
  EXPECT_EQ(policy.Check("NODE", "CT3", "203.0.113.1", {"ct3.example.org"}), PeerVerdict::kAccept);
  EXPECT_EQ(policy.Check("NODE", "ANYBODY", "203.0.113.1", {}), PeerVerdict::kAccept);
}

TEST_F(PeerPolicyTest, ReturnsToWhereTheFilmCameFromUnlessAHostIsNamed) {
  const PeerPolicy policy = Policy(true);
  EXPECT_EQ(policy.ReturnDestination("CT1", "10.9.9.9"), "return:CT1@10.9.9.9:104");
  EXPECT_EQ(policy.ReturnDestination("CT2", "192.0.2.2"), "return:CT2@pacs.example.org:105");
  EXPECT_EQ(policy.ReturnDestination("CT1", "192.0.2.1"), "") << "no return port";
  EXPECT_EQ(policy.ReturnDestination("ANYBODY", "203.0.113.1"), "");

  Peer secure = MakePeer("CT3", "192.0.2.0/24", 2762, "");
  secure.return_tls = true;
  EXPECT_EQ(
      PeerPolicy({*AeTitle::Parse("NODE")}, {secure}, false).ReturnDestination("CT3", "192.0.2.9"),
      "return+tls:CT3@192.0.2.9:2762");
}

}  // namespace
}  // namespace camnode
