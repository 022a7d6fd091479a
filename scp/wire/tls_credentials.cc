#include "scp/wire/tls_credentials.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/clock.h"
#include "core/base/secret_file.h"
#include "core/base/status_macros.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmtls/tlslayer.h"
#include "scp/wire/tls_reason.h"
#include "scp/wire/tls_role.h"

namespace camnode {
namespace {

// The profile names suites for RSA certificates only; these are for ECDSA ones.
constexpr char kEcdsaSuites[] = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256";

absl::Status Refused(absl::string_view option, const std::string& file, absl::string_view why) {
  return absl::FailedPreconditionError(absl::StrCat("dicom.tls.", option, ": ", file, " ", why));
}

absl::Status CheckReadable(absl::string_view option, const std::string& file) {
  struct stat info {};
  if (stat(file.c_str(), &info) != 0) {
    return Refused(option, file, absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  return S_ISREG(info.st_mode) ? absl::OkStatus() : Refused(option, file, "is no regular file");
}

absl::Status CheckKeyFile(const std::string& file) {
  const absl::Status secret = CheckSecretFile(file);
  if (secret.ok()) return secret;
  return absl::FailedPreconditionError(
      absl::StrCat("dicom.tls.private_key_file: ", secret.message()));
}

// Instead of asking for a passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::Status ReadFiles(SSL_CTX* context, const TlsFiles& files) {
  SSL_CTX_set_default_passwd_cb(context, NoPassphrase);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate_file.c_str()) != 1) {
    return Refused("certificate_file", files.certificate_file,
                   absl::StrCat("holds no PEM certificate that can be used: ", TakeOpenSslError()));
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.private_key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Refused("private_key_file", files.private_key_file,
                   absl::StrCat("holds no PEM key without passphrase that goes with "
                                "certificate_file: ",
                                TakeOpenSslError()));
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return Refused("private_key_file", files.private_key_file,
                   absl::StrCat("does not belong to certificate_file: ", TakeOpenSslError()));
  }
  if (SSL_CTX_load_verify_file(context, files.ca_file.c_str()) != 1) {
    return Refused("ca_file", files.ca_file,
                   absl::StrCat("holds no PEM certificate: ", TakeOpenSslError()));
  }
  return absl::OkStatus();
}

absl::Status SetProfile(DcmTLSTransportLayer& layer) {
  OFString suites;
  if (layer.setTLSProfile(TSP_Profile_BCP195_ND).bad() || layer.activateCipherSuites().bad()) {
    return absl::InternalError("DCMTK does not set the TLS profile BCP 195");
  }
  layer.getListOfCipherSuitesForOpenSSL(suites);
  SSL_CTX* const context = layer.getNativeHandle();
  const std::string all = absl::StrCat(suites.c_str(), ":", kEcdsaSuites);
  if (SSL_CTX_set_cipher_list(context, all.c_str()) != 1 ||
      SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return absl::InternalError("OpenSSL does not set the TLS profile BCP 195");
  }
  // A resumed session would outlive the certificates that it began with.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_dh_auto(context, 1);  // Or the DHE suites are only promised.
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<DcmTLSTransportLayer>> MakeLayer(TlsRole role,
                                                                const TlsFiles& files) {
  const bool server = role == TlsRole::kServer;
  auto layer = std::make_unique<DcmTLSTransportLayer>(server ? NET_ACCEPTOR : NET_REQUESTOR,
                                                      nullptr, /*initializeOpenSSL=*/OFFalse);
  SSL_CTX* const context = layer->getNativeHandle();
  if (context == nullptr) return absl::ResourceExhaustedError("OpenSSL makes no TLS context");
  CAMNODE_RETURN_IF_ERROR(SetProfile(*layer));
  CAMNODE_RETURN_IF_ERROR(ReadFiles(context, files));
  int mode = SSL_VERIFY_PEER;
  if (server && files.require_peer_certificate) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, nullptr);
  if (server) {
    // So that a peer with several certificates knows which to show.
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.ca_file.c_str()));
  }
  ERR_clear_error();
  return layer;
}

absl::Time ExpiryOf(SSL_CTX* context) {
  std::tm calendar{};
  const X509* const certificate = SSL_CTX_get0_certificate(context);
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &calendar) != 1) {
    return absl::InfinitePast();
  }
  return absl::FromTM(calendar, absl::UTCTimeZone());
}

}  // namespace

struct TlsCredentials::Contexts {
  std::unique_ptr<DcmTLSTransportLayer> server;
  std::unique_ptr<DcmTLSTransportLayer> client;
  absl::Time expires;
};

TlsCredentials::TlsCredentials(const TlsFiles& files) : files_(files) {}
TlsCredentials::~TlsCredentials() = default;

absl::StatusOr<std::unique_ptr<TlsCredentials::Contexts>> TlsCredentials::Read(
    const TlsFiles& files) {
  CAMNODE_RETURN_IF_ERROR(CheckReadable("certificate_file", files.certificate_file));
  CAMNODE_RETURN_IF_ERROR(CheckReadable("ca_file", files.ca_file));
  CAMNODE_RETURN_IF_ERROR(CheckKeyFile(files.private_key_file));
  auto contexts = std::make_unique<Contexts>();
  CAMNODE_ASSIGN_OR_RETURN(contexts->server, MakeLayer(TlsRole::kServer, files));
  CAMNODE_ASSIGN_OR_RETURN(contexts->client, MakeLayer(TlsRole::kClient, files));
  contexts->expires = ExpiryOf(contexts->server->getNativeHandle());
  return contexts;
}

absl::StatusOr<std::unique_ptr<TlsCredentials>> TlsCredentials::Load(const TlsFiles& files) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Contexts> contexts, Read(files));
  std::unique_ptr<TlsCredentials> credentials(new TlsCredentials(files));
  MutexLock lock(&credentials->mutex_);
  credentials->contexts_ = std::move(contexts);
  return credentials;
}

absl::Status TlsCredentials::Reload() {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Contexts> contexts, Read(files_));
  if (contexts->expires <= SystemClock().Now()) {
    return Refused("certificate_file", files_.certificate_file,
                   absl::StrCat("expired on ", absl::FormatTime("%Y-%m-%d", contexts->expires,
                                                                absl::UTCTimeZone())));
  }
  MutexLock lock(&mutex_);
  contexts_.swap(contexts);
  return absl::OkStatus();
}

std::vector<std::string> TlsCredentials::CipherSuites() {
  DcmTLSTransportLayer layer(NET_ACCEPTOR, nullptr, /*initializeOpenSSL=*/OFFalse);
  std::vector<std::string> names;
  if (!SetProfile(layer).ok()) return names;
  const STACK_OF(SSL_CIPHER)* const ciphers = SSL_CTX_get_ciphers(layer.getNativeHandle());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    names.push_back(SSL_CIPHER_standard_name(sk_SSL_CIPHER_value(ciphers, i)));
  }
  return names;
}

absl::Time TlsCredentials::expires() const {
  MutexLock lock(&mutex_);
  return contexts_->expires;
}

absl::StatusOr<std::unique_ptr<TlsStream>> TlsCredentials::NewStream(
    TlsRole role, int socket, const std::string& server_name) const {
  SSL* ssl = nullptr;
  {
    MutexLock lock(&mutex_);
    // Holds its context by itself: a reload does not touch it.
    ssl = SSL_new(
        (role == TlsRole::kServer ? contexts_->server : contexts_->client)->getNativeHandle());
  }
  if (ssl != nullptr && role == TlsRole::kClient && !server_name.empty()) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), server_name.c_str()) != 1) {
      SSL_set1_host(ssl, server_name.c_str());
      SSL_set_tlsext_host_name(ssl, server_name.c_str());
    }
  }
  std::unique_ptr<TlsStream> stream = ssl == nullptr ? nullptr : TlsStream::Make(ssl, socket, role);
  if (stream == nullptr) return absl::ResourceExhaustedError("no memory for a TLS connection");
  return stream;
}

}  // namespace camnode
