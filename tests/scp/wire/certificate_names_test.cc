#include "scp/wire/certificate_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "scp/settings/tls_files.h"
#include "tests/scp/wire/test_certificates.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Certificate NewCertificate() { return Certificate(X509_new(), X509_free); }

void AddCommonName(X509* certificate, const std::string& name) {
  X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
}

void AddAlternatives(X509* certificate, const std::string& names) {
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

TEST(CertificateNamesTest, AreCommonNamesAndDnsNames) {
  const TemporaryDirectory folder;
  const TlsFiles files = TestAuthority(folder.path()).Issue("peer 1", "peer1.example.org");
  std::FILE* const file = std::fopen(files.certificate_file.c_str(), "r");
  const Certificate issued(PEM_read_X509(file, nullptr, nullptr, nullptr), X509_free);
  std::fclose(file);
  EXPECT_THAT(NamesInCertificate(issued.get()), ElementsAre("peer 1", "peer1.example.org"));

  const Certificate made = NewCertificate();
  EXPECT_THAT(NamesInCertificate(made.get()), IsEmpty());
  AddCommonName(made.get(), "first");
  AddCommonName(made.get(), "second");
  AddAlternatives(made.get(), "IP:10.0.0.1,email:a@b.example,DNS:*.example.org,DNS:c");
  EXPECT_THAT(NamesInCertificate(made.get()), ElementsAre("first", "second", "*.example.org", "c"));
}

// The old trick: one program reads up to the zero, the CA had looked at the end.
TEST(CertificateNamesTest, ANameWithOtherBytesThanPrintableAsciiIsNone) {
  const Certificate made = NewCertificate();
  AddCommonName(made.get(), std::string("pacs.example.org\0.evil.example", 30));
  AddCommonName(made.get(),
                "p\xC3\xA4"
                "cs");
  AddCommonName(made.get(), "line\nbreak");
  EXPECT_THAT(NamesInCertificate(made.get()), IsEmpty());
}

TEST(CertificateNamesTest, MoreThanAHundredAreNotKept) {
  const Certificate made = NewCertificate();
  std::string names = "DNS:n0";
  for (int i = 1; i < 200; ++i) names += ",DNS:n" + std::to_string(i);
  AddAlternatives(made.get(), names);
  EXPECT_EQ(NamesInCertificate(made.get()).size(), 100);
}

TEST(CertificateNamesTest, AreComparedWholeAndInAnyCase) {
  EXPECT_TRUE(CarriesOneOf({"a", "PACS.example.ORG"}, {"b", "pacs.EXAMPLE.org"}));
  EXPECT_FALSE(CarriesOneOf({"*.example.org"}, {"pacs.example.org"}));
  EXPECT_FALSE(CarriesOneOf({"pacs.example.org"}, {"*.example.org"}));
  EXPECT_FALSE(CarriesOneOf({"pacs.example.org.evil"}, {"pacs.example.org"}));
  EXPECT_FALSE(CarriesOneOf({}, {"a"}));
  EXPECT_FALSE(CarriesOneOf({"a"}, {}));
}

}  // namespace
}  // namespace camnode
