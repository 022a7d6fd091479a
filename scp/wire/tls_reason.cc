#include "scp/wire/tls_reason.h"

#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace camnode {
namespace {

constexpr uint8_t kAssociateRq = 0x01;

std::string CertificateReason(long code, TlsRole role) {
  const absl::string_view ca_hint =
      role == TlsRole::kServer
          ? "add its CA to dicom.tls.ca_file, or give the peer a certificate of that CA"
          : "add the CA of the destination to dicom.tls.ca_file";
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the peer's certificate has expired; renew it on the peer";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the peer's certificate is not valid yet; compare the clocks of both machines";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return absl::StrCat("the peer's certificate comes from no CA that we trust; ", ca_hint);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "the destination's certificate does not carry the name in tls_server_name; correct "
             "that option or the certificate";
    case X509_V_ERR_INVALID_PURPOSE:
      return "the peer's certificate is not meant for this use; its extended key usage must allow "
             "client authentication for a sender, server authentication for a destination";
    default:
      return absl::StrCat("the peer's certificate is not accepted: ",
                          X509_verify_cert_error_string(code));
  }
}

// Alerts: what the peer thought of us.
std::string AlertReason(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
      return "the peer does not trust our certificate; give it the CA that issued "
             "dicom.tls.certificate_file";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the peer says that our certificate has expired; renew dicom.tls.certificate_file "
             "and send camnode a SIGHUP";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the peer demands a certificate and got none it could use; check "
             "dicom.tls.certificate_file";
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the peer speaks no TLS version of ours; it must allow TLS 1.2 or 1.3";
    default:
      return "";
  }
}

std::string HandshakeReason(int reason) {
  switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return "the peer showed no certificate; configure one there, or set "
             "dicom.tls.require_peer_certificate: false here";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return "the peer offers no TLS version of ours; it must allow TLS 1.2 or 1.3";
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
      return "the peer offers no cipher suite of BCP 195; allow one with AES-GCM there";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
      return "the peer does not speak TLS on this port; is it the peer's plain DICOM port?";
    default:
      return "";
  }
}

}  // namespace

std::string TakeOpenSslError() {
  const unsigned long error = ERR_peek_error();
  ERR_clear_error();
  const char* const text = error == 0 ? nullptr : ERR_reason_error_string(error);
  return text == nullptr ? "unknown error" : text;
}

TlsFailure ExplainTlsFailure(SSL* ssl, TlsRole role, bool handshaken) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
  TlsFailure failure;
  if (error == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    ERR_clear_error();
    failure.peer_closed = handshaken;
    failure.reason =
        handshaken ? "peer closed the connection"
        : role == TlsRole::kServer
            ? "the peer closed the connection during the TLS handshake; perhaps it does not trust "
              "our certificate"
            : "the peer closed the connection during the TLS handshake; is that its TLS port?";
    return failure;
  }
  const long verification = SSL_get_verify_result(ssl);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verification != X509_V_OK) {
    failure.reason = CertificateReason(verification, role);
  } else {
    failure.reason = AlertReason(reason);
    if (failure.reason.empty() && !handshaken) failure.reason = HandshakeReason(reason);
  }
  const std::string text = TakeOpenSslError();
  if (failure.reason.empty()) failure.reason = absl::StrCat("TLS: ", text);
  return failure;
}

std::string NotTlsReason(uint8_t first_byte) {
  if (first_byte == kAssociateRq) {
    return "the peer speaks plain DICOM on the TLS port; turn TLS on there, or let it use "
           "dicom.port";
  }
  if (absl::ascii_isupper(first_byte)) {
    return "the peer speaks HTTP or another text protocol on the DICOM TLS port";
  }
  return "not TLS: the first byte begins no handshake";
}

}  // namespace camnode
