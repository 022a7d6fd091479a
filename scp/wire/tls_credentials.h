// Who we are in TLS, and whom we trust: certificate, private key and CAs from
// files, under the DICOM profile "BCP 195 non-downgrading" (PS3.15 B.10): TLS 1.2
// and 1.3 and nothing older.

#ifndef CAMNODE_SCP_WIRE_TLS_CREDENTIALS_H_
#define CAMNODE_SCP_WIRE_TLS_CREDENTIALS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "scp/settings/tls_files.h"
#include "scp/wire/tls_role.h"
#include "scp/wire/tls_stream.h"

namespace camnode {

// Thread-safe.
class TlsCredentials {
 public:
  // Reads the files.  A certificate of ours that has expired is taken, so that a
  // restart does not also end what needs no TLS: see expires().
  // Errors: kFailedPrecondition, one sentence that names the option and the file.
  static absl::StatusOr<std::unique_ptr<TlsCredentials>> Load(const TlsFiles& files);

  ~TlsCredentials();

  // Those of the profile and ours, in order of preference, for TLS 1.3 and 1.2.
  static std::vector<std::string> CipherSuites();

  // Reads the same files again; later connections use them, open ones go on.
  // Errors: as Load, also for an expired certificate; the old ones then stay.
  absl::Status Reload();

  // The end of our certificate's validity.
  absl::Time expires() const;

  // TLS on a connected socket, not yet shaken hands.  `server_name` (client only):
  // what the server's certificate must carry; "": any name.
  // Errors: kResourceExhausted if there is no memory for it.
  absl::StatusOr<std::unique_ptr<TlsStream>> NewStream(TlsRole role, int socket,
                                                       const std::string& server_name) const;

 private:
  struct Contexts;
  explicit TlsCredentials(const TlsFiles& files);
  static absl::StatusOr<std::unique_ptr<Contexts>> Read(const TlsFiles& files);

  const TlsFiles files_;
  mutable Mutex mutex_;
  std::unique_ptr<Contexts> contexts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_TLS_CREDENTIALS_H_
