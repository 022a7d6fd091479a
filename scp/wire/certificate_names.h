// Whose a certificate says that it is.

#ifndef CAMNODE_SCP_WIRE_CERTIFICATE_NAMES_H_
#define CAMNODE_SCP_WIRE_CERTIFICATE_NAMES_H_

#include <openssl/x509.h>

#include <string>
#include <vector>

namespace camnode {

// The common names of its subject, then the DNS names among the subject's alternative names, as
// they stand there; at most 100.  One with a byte that is no printable ASCII is left out: it could
// be read as another name by one program and not by the next.
std::vector<std::string> NamesInCertificate(const X509* certificate);

// Whether one of `carried` is one of `wanted`, in any case of letters.  "*" stands for itself.
bool CarriesOneOf(const std::vector<std::string>& carried, const std::vector<std::string>& wanted);

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_CERTIFICATE_NAMES_H_
