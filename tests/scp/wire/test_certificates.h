// Certificate authorities and certificates for TLS, in files.

#ifndef CAMNODE_TESTS_SCP_WIRE_TEST_CERTIFICATES_H_
#define CAMNODE_TESTS_SCP_WIRE_TEST_CERTIFICATES_H_

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "scp/settings/tls_files.h"

namespace camnode {

// Writes into `folder`, which must exist.
class TestAuthority {
 public:
  explicit TestAuthority(std::string folder, const std::string& name = "ca");

  // Files of a certificate for `host` that ends `lifetime` from now.
  TlsFiles Issue(const std::string& name, const std::string& host = "localhost",
                 absl::Duration lifetime = absl::Hours(1)) const;

  const std::string& file() const { return file_; }

 private:
  const std::string folder_;
  const std::string file_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_SCP_WIRE_TEST_CERTIFICATES_H_
