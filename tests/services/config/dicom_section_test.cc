// The DICOM part of the configuration: TLS, peers' own limits, destinations.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/status/statusor.h"
#include "services/config/config.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kTlsFiles[] =
    "certificate_file: \"node.pem\" private_key_file: \"node.key\" ca_file: \"/etc/ca.pem\"";

std::string Complaint(const std::string& text) {
  return std::string(ParseConfig(text, "f").status().message());
}

TEST(DicomConfigTest, ReadsTlsAndAPeersOwnLimits) {
  const absl::StatusOr<Config> config =
      ParseConfig(std::string("dicom { port: -1 tls { port: 2762 ") + kTlsFiles +
                      R"( require_peer_certificate: false } }
      peers { ae_title: "MOD" addresses: "10.0.0.7" return_port: 104 return_tls: true
              max_associations: 2 max_instance_bytes: 5000000 }
      destinations { name: "a" ae_title: "A" host: "a" tls: true tls_server_name: "a.example.org" }
      destinations { name: "b" ae_title: "B" host: "b" tls: true tls_server_name: "" })",
                  "f");
  ASSERT_THAT(config, IsOk());
  EXPECT_EQ(config->dicom.acceptor.port, -1);
  EXPECT_EQ(config->dicom.acceptor.tls_port, 2762);
  EXPECT_EQ(config->dicom.tls.private_key_file, "node.key");
  EXPECT_FALSE(config->dicom.tls.require_peer_certificate);
  EXPECT_TRUE(config->peers[0].return_tls);
  EXPECT_EQ(config->peers[0].max_associations, 2);
  EXPECT_EQ(config->peers[0].max_instance_bytes, 5'000'000);
  EXPECT_TRUE(config->destinations[0].remote.tls);
  EXPECT_EQ(config->destinations[0].remote.tls_server_name, "a.example.org");
}

TEST(DicomConfigTest, ANodeThatCannotBeReachedIsAMistake) {
  EXPECT_THAT(Complaint("dicom { port: -1 }"),
              AllOf(HasSubstr("dicom.port is -1"), HasSubstr("tls.port")));
}

TEST(DicomConfigTest, WhateverSpeaksTlsNeedsAllThreeFiles) {
  for (const char* file : {"certificate_file", "private_key_file", "ca_file"}) {
    EXPECT_THAT(Complaint("dicom { tls { port: 2762 } }"),
                HasSubstr(std::string("dicom.tls.") + file + " is empty"));
  }
  EXPECT_THAT(Complaint("dicom { tls { ca_file: \"ca.pem\" } }"),
              HasSubstr("dicom.tls.certificate_file is empty"));
  EXPECT_THAT(Complaint("\ndestinations { name: \"a\" ae_title: \"A\" host: \"a\" tls: true }"),
              AllOf(HasSubstr("f:2: destinations.tls"), HasSubstr("certificate_file")));
  EXPECT_THAT(Complaint("\npeers { ae_title: \"M\" addresses: \"::1\" return_tls: true }"),
              AllOf(HasSubstr("f:2: peers.return_tls"), HasSubstr("certificate_file")));
  // Files without a port serve destinations alone.
  EXPECT_THAT(ParseConfig(std::string("dicom { tls { ") + kTlsFiles + " } }", "f"), IsOk());
}

TEST(DicomConfigTest, ATitleIsTiedToCertificatesOnlyWhereOneCanBeShown) {
  const std::string tls = std::string("dicom { tls { port: 2762 ") + kTlsFiles + " } }\n";
  const auto peer = [](const std::string& names) {
    return "peers { ae_title: \"M\" addresses: \"::1\" " + names + " }";
  };
  const absl::StatusOr<Config> config = ParseConfig(
      tls + peer("certificate_names: \"m.example.org\" certificate_names: \"CT 1\""), "f");
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->peers[0].certificate_names, ElementsAre("m.example.org", "CT 1"));
  EXPECT_THAT(Complaint("\n" + peer("certificate_names: \"m\"")),
              AllOf(HasSubstr("f:2: peers.certificate_names"), HasSubstr("dicom.tls.port")));
  for (const char* name : {"", " m", "m ", "m\\n", "m\\303\\274"}) {
    EXPECT_THAT(Complaint(tls + peer(std::string("certificate_names: \"") + name + "\"")),
                HasSubstr("f:2: peers.certificate_names"))
        << name;
  }
}

TEST(DicomConfigTest, TlsFilesAreRelativeToTheConfiguration) {
  const std::string path = testing::TempDir() + "/config_dicom_test.textproto";
  std::ofstream(path) << "dicom { tls { " << kTlsFiles << " } }";
  const absl::StatusOr<Config> config = LoadConfig(path);
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->dicom.tls.certificate_file, AllOf(StartsWith("/"), EndsWith("/node.pem")));
  EXPECT_EQ(config->dicom.tls.ca_file, "/etc/ca.pem");
}

}  // namespace
}  // namespace camnode
