// Sends stored DICOM files to a peer by C-STORE.

#ifndef CAMNODE_SCP_SEND_STORAGE_SCU_H_
#define CAMNODE_SCP_SEND_STORAGE_SCU_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/domain/ae_title.h"
#include "core/domain/uid.h"
#include "scp/settings/delivery_settings.h"
#include "scp/settings/remote_ae.h"
#include "scp/wire/stop_signal.h"

namespace camnode {

class TlsCredentials;

struct StorageScuOptions {
  AeTitle ae_title;  // Ours, as calling AE.
  // TCP connect, and again from there to the answer of the association request.
  absl::Duration connect_timeout = DeliverySettings().connect_timeout;
  // Longest silence while sending, and from the last byte to the answer.
  absl::Duration response_timeout = DeliverySettings().response_timeout;
  // Certificates for peers that are called by TLS; may be null if none is.
  const TlsCredentials* tls = nullptr;
  // Raised: the association breaks off at once.  May be null.
  const StopSignal* stop = nullptr;
};

// SOP class and transfer syntax of a stored file.
using StoredEncoding = std::pair<Uid, Uid>;

struct StoredFile {
  Uid sop_class_uid;
  Uid sop_instance_uid;
  Uid transfer_syntax_uid;
  std::string path;  // A Part 10 file that we wrote.
};

// One association.  Used by one thread.
class StorageScu {
 public:
  // Proposes each encoding, and for Explicit VR Little Endian also the implicit
  // one that every application entity takes.
  // Errors: kUnavailable, whatever the reason (message): no connection, rejected,
  // aborted, too slow, not trusted; kFailedPrecondition if DCMTK cannot be used.
  static absl::StatusOr<std::unique_ptr<StorageScu>> Connect(
      const StorageScuOptions& options, const RemoteAe& remote,
      const std::set<StoredEncoding>& encodings);

  // Aborts the association if it was not released.
  ~StorageScu();

  // The DIMSE status of the peer's answer, whatever it is.
  // Errors: kUnimplemented if the peer did not accept the encoding: the association
  // is still good.  kUnavailable if the association was lost; kInternal if the file
  // could not be sent for a reason of ours.  After these two connected() is false.
  absl::StatusOr<uint16_t> Store(const StoredFile& file);

  bool connected() const;
  void Release();

 private:
  struct State;
  explicit StorageScu(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_SEND_STORAGE_SCU_H_
