// What the operator may set of the receiving side: section `dicom` of the configuration.

#ifndef CAMNODE_SCP_SETTINGS_ACCEPTOR_SETTINGS_H_
#define CAMNODE_SCP_SETTINGS_ACCEPTOR_SETTINGS_H_

#include <cstdint>

#include "absl/time/time.h"

namespace camnode {

// No port of this kind.
inline constexpr int kNoPort = -1;

struct AcceptorSettings {
  // TCP port, all IPv4 interfaces.  0: a free one; kNoPort: none, then there must be a
  // TLS port.
  int port = 11112;
  // The same for TLS (tls.port in the file); kNoPort: none.  Needs certificates.
  int tls_port = kNoPort;
  // Associations at work at one time.  One more is rejected, transiently, so that
  // the sender tries again.  Each costs a thread and about 0.5 MB.
  int max_associations = 16;
  // Connections of one address at one time, associated or not.  Two more are
  // rejected, transiently; beyond that they are closed unread.  Smaller: one sender
  // cannot take the whole pool.  A burst over many associations from one
  // workstation needs as many.
  int max_associations_per_peer = 8;
  // Largest PDU we take.  Smaller: more PDUs a film.
  int max_pdu_bytes = 131'072;
  // Largest data set.  A larger one is read to its end, dropped and answered
  // 0xA700; at twice this size the association is aborted instead.
  int64_t max_instance_bytes = int64_t{512} << 20;
  // No byte for so long ends the association.
  absl::Duration idle_timeout = absl::Seconds(30);
  // From TCP accept to the last byte of the A-ASSOCIATE-RQ, a TLS handshake
  // included.  Longer: silent connections hold threads longer.
  absl::Duration association_request_timeout = absl::Seconds(10);
  // One C-STORE, from the command's first byte to the data set's last.
  absl::Duration instance_timeout = absl::Minutes(5);
};

inline constexpr int kMinPduBytes = 4096;
inline constexpr int kMaxPduBytes = 131'072;

// All but tls_port, which is in a section of its own.
template <typename Reader>
void ReadOptions(Reader&& reader, AcceptorSettings* settings) {
  reader.Read("port", kNoPort, 65535, &settings->port);
  reader.Read("max_associations", 1, 1000, &settings->max_associations);
  reader.Read("max_associations_per_peer", 1, 1000, &settings->max_associations_per_peer);
  reader.Read("max_pdu_bytes", kMinPduBytes, kMaxPduBytes, &settings->max_pdu_bytes);
  reader.Read("max_instance_bytes", int64_t{1} << 10, int64_t{4} << 30,
              &settings->max_instance_bytes);
  reader.Read("idle_timeout_ms", absl::Hours(1), &settings->idle_timeout);
  reader.Read("association_request_timeout_ms", absl::Hours(1),
              &settings->association_request_timeout);
  reader.Read("instance_timeout_ms", absl::Hours(24), &settings->instance_timeout);
}

// Of section dicom.tls.
template <typename Reader>
void ReadTlsPort(Reader&& reader, AcceptorSettings* settings) {
  reader.Read("port", kNoPort, 65535, &settings->tls_port);
}

}  // namespace camnode

#endif  // CAMNODE_SCP_SETTINGS_ACCEPTOR_SETTINGS_H_
