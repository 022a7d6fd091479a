// A configured sender: section `peers` of the configuration.

#ifndef CAMNODE_SCP_SETTINGS_PEER_H_
#define CAMNODE_SCP_SETTINGS_PEER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/domain/ae_title.h"
#include "scp/settings/address_range.h"

namespace camnode {

// AE title and address must both match, and the certificate, if any is named.
struct Peer {
  AeTitle ae_title;
  std::vector<AddressRange> addresses;
  // Where results for its films go when a workflow returns them to the sender.
  int return_port = 0;      // 0: nowhere.
  std::string return_host;  // Empty: the address that the film came from.
  bool return_tls = false;
  // What it may use at one time, within the limits of all.
  int max_associations = 0;        // 0: no limit of its own.
  int64_t max_instance_bytes = 0;  // 0: no limit of its own.
  // Its TLS certificate must carry one of these, as common name or as a DNS name of the subject's
  // alternative names, in any case of letters.  Empty: any certificate, or none, as dicom.tls says.
  std::vector<std::string> certificate_names = {};
};

// The options that are no texts.
template <typename Reader>
void ReadOptions(Reader&& reader, Peer* peer) {
  reader.Read("return_port", 0, 65535, &peer->return_port);
  reader.Read("return_tls", &peer->return_tls);
  reader.Read("max_associations", 0, 1000, &peer->max_associations);
  reader.Read("max_instance_bytes", int64_t{0}, int64_t{4} << 30, &peer->max_instance_bytes);
}

}  // namespace camnode

#endif  // CAMNODE_SCP_SETTINGS_PEER_H_
