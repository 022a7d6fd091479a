#include "tests/scp/wire/test_certificates.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/clock.h"
#include "scp/settings/tls_files.h"

namespace camnode {
namespace {

void Extend(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Without issuer, extensions and signature.
X509* NewCertificate(const std::string& name, EVP_PKEY* key, absl::Duration lifetime) {
  static int serial = 0;
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  const time_t now = absl::ToTimeT(SystemClock().Now());
  ASN1_TIME_set(X509_getm_notBefore(certificate), now - 48 * 3600);
  ASN1_TIME_set(X509_getm_notAfter(certificate), now + absl::ToInt64Seconds(lifetime));
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

void WriteCertificate(const std::string& path, X509* certificate) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

}  // namespace

TestAuthority::TestAuthority(std::string folder, const std::string& name)
    : folder_(std::move(folder)),
      file_(absl::StrCat(folder_, "/", name, ".pem")),
      key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
      certificate_(NewCertificate(name, key_.get(), absl::Hours(1)), X509_free) {
  X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
  Extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_.get(), key_.get(), EVP_sha256());
  WriteCertificate(file_, certificate_.get());
}

TlsFiles TestAuthority::Issue(const std::string& name, const std::string& host,
                              absl::Duration lifetime) const {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      NewCertificate(name, key.get(), lifetime), X509_free);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate_.get()));
  Extend(certificate.get(), NID_subject_alt_name, absl::StrCat("DNS:", host));
  X509_sign(certificate.get(), key_.get(), EVP_sha256());

  TlsFiles files;
  files.certificate_file = absl::StrCat(folder_, "/", name, ".pem");
  files.private_key_file = absl::StrCat(folder_, "/", name, ".key");
  files.ca_file = file_;
  WriteCertificate(files.certificate_file, certificate.get());
  std::FILE* file = std::fopen(files.private_key_file.c_str(), "w");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  chmod(files.private_key_file.c_str(), 0600);
  return files;
}

}  // namespace camnode
