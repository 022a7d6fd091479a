// Broken and hostile DICOM files, sent to a listening node with a real database and
// blob store: as they are, instead of an association, and as data sets of C-STORE.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/dicom/file/transfer_syntax.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/film/sop_classes.h"
#include "core/domain/ae_title.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/association_acceptor.h"
#include "scp/settings/address_range.h"
#include "scp/settings/peer.h"
#include "scp/wire/dimse_status.h"
#include "tests/core/intake/ingest_fixture.h"
#include "tests/scp/raw_scu.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

constexpr char kFolder[] = "dicom_malformed";
constexpr int64_t kMaxResidentKiB = 1 << 20;  // A sanitizer's shadow included.
constexpr size_t kPreambleBytes = 132;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::filesystem::path> Files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(TestDataPath(kFolder))) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Most of the files are CT slices, which we refuse by their class alone: as Secondary
// Captures they come further.
std::string AsSecondaryCapture(std::string file) {
  const std::string ct("1.2.840.10008.5.1.4.1.1.2\0", 26);
  for (size_t at = file.find(ct); at != std::string::npos; at = file.find(ct, at))
    file[at + 24] = '7';
  return file;
}

// What comes after the file meta information, whose length the file itself tells.
std::string DataSetOf(const std::string& file) {
  if (file.size() < kPreambleBytes + 12 || file.compare(128, 4, "DICM") != 0) return file;
  uint32_t length = 0;
  for (int i = 3; i >= 0; --i) {
    length = length << 8 | static_cast<uint8_t>(file[kPreambleBytes + 8 + static_cast<size_t>(i)]);
  }
  const size_t start = kPreambleBytes + 12 + length;
  return start < file.size() ? file.substr(start) : file.substr(kPreambleBytes);
}

// Under what a well-meaning sender would send the file.
struct Envelope {
  std::string sop_class = kCrSopClass;
  std::string sop_instance = "1.2.3.4";
  std::string syntax = kExplicitVr;
};

Envelope EnvelopeOf(const std::filesystem::path& path) {
  Envelope envelope;
  const auto header = ReadInstanceHeader(path.string());
  if (!header.ok()) return envelope;
  if (IsAcceptedStorageSopClass(header->sop_class_uid.text())) {
    envelope.sop_class = header->sop_class_uid.text();
  }
  if (!header->sop_instance_uid.empty()) envelope.sop_instance = header->sop_instance_uid.text();
  if (IsSupportedTransferSyntax(header->transfer_syntax_uid.text())) {
    envelope.syntax = header->transfer_syntax_uid.text();
  }
  return envelope;
}

class MalformedPeersTest : public IngestFixture {
 protected:
  void SetUp() override {
    CAMNODE_NEEDS_TEST_DATA(kFolder);
    SetLogLevel(LogLevel::kError);
    IngestFixture::SetUp();
    ASSERT_FALSE(HasFatalFailure());
    AcceptorOptions options;
    options.settings.port = 0;
    options.settings.max_associations = 4;
    options.settings.max_associations_per_peer = 100;
    options.settings.max_instance_bytes = int64_t{64} << 20;
    acceptor_ = std::make_unique<AssociationAcceptor>(options, policy_, *ingest_, metrics_);
    ASSERT_THAT(acceptor_->Start(), IsOk());
  }

  void TearDown() override {
    acceptor_.reset();
    SetLogLevel(LogLevel::kInfo);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    EXPECT_LT(usage.ru_maxrss, kMaxResidentKiB);
  }

  // Status of a C-STORE of these bytes; the association must still be good after it.
  absl::optional<uint16_t> Store(const Envelope& envelope, std::string data_set) {
    if (data_set.size() % 2 != 0) data_set.push_back('\0');  // No odd fragments (PS3.8 annex E).
    RawScu scu(acceptor_->port());
    const std::string answer =
        scu.Associate("SENDER", "NODE",
                      {{envelope.sop_class, {envelope.syntax}}, {kVerification, {kImplicitVr}}});
    if (answer.empty() || RawScu::ContextResult(answer, 0) != 0) return absl::nullopt;
    const absl::optional<uint16_t> status =
        scu.Store(1, envelope.sop_class, envelope.sop_instance, data_set);
    EXPECT_THAT(scu.Echo(3), ::testing::Optional(0x0000)) << "out of step";
    EXPECT_TRUE(scu.Release());
    return status;
  }

  PeerPolicy policy_{{*AeTitle::Parse("NODE")},
                     {Peer{*AeTitle::Parse("SENDER"), {*AddressRange::Parse("127.0.0.1")}, 0, ""}},
                     false};
  MetricRegistry registry_;
  AcceptorMetrics metrics_{registry_};
  std::unique_ptr<AssociationAcceptor> acceptor_;
};

TEST_F(MalformedPeersTest, RawBytesAreClosedAndNobodyElseNotices) {
  for (const std::filesystem::path& path : Files()) {
    RawScu scu(acceptor_->port());
    scu.Send(ReadFile(path));
    scu.FinishSending();
    std::string pdu = scu.ReadPdu();
    while (!pdu.empty() && pdu != "timeout") pdu = scu.ReadPdu();
    EXPECT_EQ(pdu, "") << path;
  }
  EXPECT_THAT(Store(Envelope(), SmallDataSet(kCrSopClass, "1.2.3.4")), ::testing::Optional(0x0000));
}

TEST_F(MalformedPeersTest, DataSetsAreStoredAsTheyAreOrRefusedWithAStatusOfOurs) {
  std::map<std::string, int> counts;
  for (const std::filesystem::path& path : Files()) {
    const std::string file = AsSecondaryCapture(ReadFile(path));
    const std::string copy = directory_ + "/file";
    std::ofstream(copy, std::ios::binary) << file;
    const Envelope envelope = EnvelopeOf(copy);
    // The second is no data set at all: preamble and meta information come first.
    for (const std::string& data_set : {DataSetOf(file), file}) {
      const int before = BlobFiles();
      const absl::optional<uint16_t> status = Store(envelope, data_set);
      ASSERT_TRUE(status.has_value()) << path;
      const auto& answers = StoreAnswers();
      EXPECT_TRUE(std::any_of(answers.begin(), answers.end(),
                              [&](const StoreAnswer& answer) { return answer.status == *status; }))
          << path << " " << DimseStatusText(*status);
      // A file that is there twice is a repeat.
      EXPECT_LE(BlobFiles(), before + (*status == kDimseSuccess ? 1 : 0))
          << path << " " << DimseStatusText(*status);
      ++counts[DimseStatusText(*status)];
    }
  }
  for (const auto& [status, count] : counts) std::cout << status << ": " << count << "\n";
  EXPECT_GT(counts["0x0000"], 0);
  EXPECT_GT(counts["0xC000"] + counts["0xA900"], 0);
}

}  // namespace
}  // namespace camnode
