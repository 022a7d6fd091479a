// TLS between our own two sides, and against peers that stop half way: what is
// trusted, what is said of the rest, and that nothing of them stays.
// Also: tls_credentials, tls_reason, tls_stream.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/stopwatch.h"
#include "core/domain/uid.h"
#include "scp/receive/application_entity.h"
#include "scp/send/storage_scu.h"
#include "scp/settings/acceptor_settings.h"
#include "scp/settings/peer.h"
#include "scp/settings/remote_ae.h"
#include "scp/settings/tls_files.h"
#include "scp/wire/tls_credentials.h"
#include "tests/scp/receive/acceptor_fixture.h"
#include "tests/scp/wire/test_certificates.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TlsTest : public AssociationAcceptorTest {
 protected:
  TlsTest() : authority_(folder_) {
    options_.settings.tls_port = 0;
    options_.settings.max_associations_per_peer = 4;
  }

  void StartWith(const TlsFiles& files) {
    auto loaded = TlsCredentials::Load(files);
    ASSERT_THAT(loaded, IsOk());
    server_ = *std::move(loaded);
    options_.tls = server_.get();
    Start();
    ASSERT_GT(acceptor_->tls_port(), 0);
  }

  // An association by TLS with these files, released at once.
  absl::Status Call(const TlsFiles& files, const std::string& server_name = "") {
    const auto client = TlsCredentials::Load(files);
    if (!client.ok()) return client.status();
    StorageScuOptions options;
    options.ae_title = *AeTitle::Parse("SENDER");
    options.tls = client->get();
    RemoteAe remote{*AeTitle::Parse("NODE"), "127.0.0.1", acceptor_->tls_port(), true, server_name};
    auto scu = StorageScu::Connect(options, remote,
                                   {{*Uid::Parse(kCrSopClass), *Uid::Parse(kExplicitVr)}});
    if (!scu.ok()) return scu.status();
    (*scu)->Release();
    return absl::OkStatus();
  }

  const TemporaryDirectory temporary_;
  const std::string folder_ = temporary_.path();
  const TestAuthority authority_;
  std::unique_ptr<TlsCredentials> server_;
};

TEST_F(TlsTest, TakesWhoCanProveItAndServesThePlainPortBesides) {
  StartWith(authority_.Issue("node"));
  EXPECT_THAT(Call(authority_.Issue("peer")), IsOk());
  EXPECT_THAT(Call(authority_.Issue("peer"), "localhost"), IsOk());
  EXPECT_THAT(Associated()->Echo(3), ::testing::Optional(0x0000));
  EXPECT_EQ(metrics_.accepted.value(), 3);
}

TEST_F(TlsTest, ATitleCanBeTiedToTheNamesOfACertificate) {
  Peer bound = KnownPeer("SENDER", "127.0.0.0/8");
  bound.certificate_names = {"modality.example.org", "MODALITY 1"};
  const PeerPolicy policy({*AeTitle::Parse("NODE")}, {bound}, false);
  auto loaded = TlsCredentials::Load(authority_.Issue("node"));
  ASSERT_THAT(loaded, IsOk());
  options_.tls = loaded->get();
  acceptor_ = std::make_unique<AssociationAcceptor>(options_, policy, handler_, metrics_);
  ASSERT_THAT(acceptor_->Start(), IsOk());

  EXPECT_THAT(Call(authority_.Issue("modality 1")), IsOk()) << "its common name";
  EXPECT_THAT(Call(authority_.Issue("x", "modality.example.org")), IsOk()) << "a DNS name";
  EXPECT_THAT(Call(authority_.Issue("x", "other.example.org")), Not(IsOk()));
  EXPECT_THAT(Rejection("SENDER", "NODE"), ElementsAre(1, 1, 3)) << "without TLS";
  EXPECT_EQ(metrics_.accepted.value(), 2);
  EXPECT_EQ(metrics_.rejected.value(), 2);
  acceptor_.reset();
}

TEST_F(TlsTest, RunsOnTheTlsPortAlone) {
  options_.settings.port = kNoPort;
  auto loaded = TlsCredentials::Load(authority_.Issue("node"));
  ASSERT_THAT(loaded, IsOk());
  options_.tls = loaded->get();
  acceptor_ = std::make_unique<AssociationAcceptor>(options_, policy_, handler_, metrics_);
  ASSERT_THAT(acceptor_->Start(), IsOk());
  EXPECT_EQ(acceptor_->port(), kNoPort);
  EXPECT_THAT(Call(authority_.Issue("peer")), IsOk());
  acceptor_.reset();
}

// More failures than one address may have connections: each must be forgotten.
TEST_F(TlsTest, NothingStaysOfPeersThatAreNotTrusted) {
  StartWith(authority_.Issue("node"));
  const TestAuthority other(folder_, "other");
  TlsFiles stranger = other.Issue("stranger");
  stranger.ca_file = authority_.file();
  const TlsFiles late = authority_.Issue("late", "localhost", -absl::Hours(1));
  TlsFiles distrustful = authority_.Issue("distrustful");
  distrustful.ca_file = other.file();
  for (int i = 0; i < 4; ++i) {
    EXPECT_THAT(Call(stranger), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(Call(late), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_THAT(Call(distrustful), StatusIs(absl::StatusCode::kUnavailable,
                                            HasSubstr("add the CA of the destination")));
    EXPECT_THAT(Call(authority_.Issue("peer"), "elsewhere"),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr("tls_server_name")));
    RawScu silent(acceptor_->tls_port());
    silent.Send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  }
  while (metrics_.failed.value() < 20) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(Call(authority_.Issue("peer")), IsOk());
}

TEST_F(TlsTest, CutsOffAHandshakeThatTricklesIn) {
  options_.settings.association_request_timeout = absl::Milliseconds(300);
  StartWith(authority_.Issue("node"));
  RawScu scu(acceptor_->tls_port());
  const Stopwatch stopwatch;
  bool open = scu.Send(std::string("\x16\x03\x01\x10\x00", 5));
  for (int i = 0; open && i < 400; ++i) {
    open = scu.Send("x");
    absl::SleepFor(absl::Milliseconds(10));
  }
  EXPECT_FALSE(open);
  EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(3));
}

TEST_F(TlsTest, ClosesWhatIsNoTlsAtOnce) {
  StartWith(authority_.Issue("node"));
  for (const std::string& bytes : {RawScu::AssociateRequest("SENDER", "NODE", CrAndEcho()),
                                   std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100, '\0')}) {
    RawScu scu(acceptor_->tls_port());
    const Stopwatch stopwatch;
    scu.Send(bytes);
    EXPECT_THAT(scu.ReadPdu(), IsEmpty());
    EXPECT_LT(stopwatch.Elapsed(), absl::Seconds(3));
  }
}

TEST_F(TlsTest, SaysWhichFileCannotBeUsedAndWhy) {
  const TlsFiles good = authority_.Issue("node");
  const auto complaint = [](const TlsFiles& files) {
    const auto loaded = TlsCredentials::Load(files);
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kFailedPrecondition);
    return std::string(loaded.status().message());
  };
  TlsFiles files = good;
  files.certificate_file = folder_ + "/nowhere.pem";
  EXPECT_THAT(complaint(files), AllOf(HasSubstr("dicom.tls.certificate_file"),
                                      HasSubstr("nowhere.pem"), HasSubstr("cannot be read")));
  files.certificate_file = folder_;
  EXPECT_THAT(complaint(files), HasSubstr("no regular file"));
  files = good;
  files.private_key_file = authority_.Issue("other").private_key_file;
  EXPECT_THAT(complaint(files), HasSubstr("dicom.tls.private_key_file"));
  files = good;
  files.ca_file = good.private_key_file;
  EXPECT_THAT(complaint(files), HasSubstr("dicom.tls.ca_file"));
  std::ofstream(folder_ + "/empty.pem") << "";
  files = good;
  files.certificate_file = folder_ + "/empty.pem";
  EXPECT_THAT(complaint(files), HasSubstr("dicom.tls.certificate_file"));
  for (const mode_t mode : {0604, 0620, 0602}) {
    chmod(good.private_key_file.c_str(), mode);
    EXPECT_THAT(complaint(good), HasSubstr("chmod 600")) << mode;
  }
  chmod(good.private_key_file.c_str(), 0640);
  EXPECT_THAT(TlsCredentials::Load(good), IsOk()) << "a group may read it";
}

TEST_F(TlsTest, KeepsTheOldCertificatesUnlessAllTheNewOnesAreGood) {
  const TlsFiles files = authority_.Issue("node", "first");
  StartWith(files);
  EXPECT_THAT(Call(authority_.Issue("peer"), "first"), IsOk());

  authority_.Issue("node", "second", -absl::Hours(1));
  EXPECT_THAT(server_->Reload(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("expired on")));
  std::ofstream(files.private_key_file) << "rubbish";
  EXPECT_THAT(server_->Reload(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Call(authority_.Issue("peer"), "first"), IsOk());

  authority_.Issue("node", "second");
  EXPECT_THAT(server_->Reload(), IsOk());
  EXPECT_THAT(Call(authority_.Issue("peer"), "second"), IsOk());
  EXPECT_THAT(Call(authority_.Issue("peer"), "first"), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(TlsTest, StartsWithAnExpiredCertificateAndTellsWhenItEnded) {
  const auto loaded = TlsCredentials::Load(authority_.Issue("late", "localhost", -absl::Hours(1)));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_LT((*loaded)->expires(), SystemClock().Now());
  EXPECT_GT((*loaded)->expires(), SystemClock().Now() - absl::Hours(2));
}

}  // namespace
}  // namespace camnode
