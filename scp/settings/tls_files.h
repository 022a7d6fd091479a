// Who we are in TLS, and whom we trust, as files: section `dicom.tls`.

#ifndef CAMNODE_SCP_SETTINGS_TLS_FILES_H_
#define CAMNODE_SCP_SETTINGS_TLS_FILES_H_

#include <string>

namespace camnode {

// All three files or none.
struct TlsFiles {
  // PEM: our certificate first, then what leads to its CA.
  std::string certificate_file;
  // PEM, without passphrase.  A file that CheckSecretFile (secret_file.h) refuses is refused.
  std::string private_key_file;
  // PEM: every CA whose certificates we accept.
  std::string ca_file;
  // A peer that calls us must show a certificate of one of those CAs.  False: it
  // need not show one; one that it shows is checked all the same.
  bool require_peer_certificate = true;

  bool given() const { return !certificate_file.empty(); }
};

}  // namespace camnode

#endif  // CAMNODE_SCP_SETTINGS_TLS_FILES_H_
