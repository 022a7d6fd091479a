// Who we are, who may talk to us, and where answers go: AE titles, addresses and
// the list of peers.

#ifndef CAMNODE_SCP_RECEIVE_APPLICATION_ENTITY_H_
#define CAMNODE_SCP_RECEIVE_APPLICATION_ENTITY_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/ae_title.h"

namespace camnode {

// A range of IPv4 or IPv6 addresses.
class AddressRange {
 public:
  // "192.0.2.7", "192.0.2.0/24", "2001:db8::/32", "::1".  No host names: a policy
  // must not depend on a name server.
  // Errors: kInvalidArgument naming the text (it comes from the configuration).
  static absl::StatusOr<AddressRange> Parse(absl::string_view text);

  // `address`: as text.  An IPv4 address mapped into IPv6 counts as IPv4.  False
  // if it is no address.
  bool Contains(absl::string_view address) const;

 private:
  // IPv4 as ::ffff:a.b.c.d, so that one comparison serves both.
  std::array<uint8_t, 16> network_{};
  int prefix_bits_ = 128;
};

// One configured sender: AE title and address must both match.
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
};

// Which associations to accept, decided from the A-ASSOCIATE-RQ.
enum class PeerVerdict {
  kAccept,
  kWrongCalledAe,     // Reject, permanent: called AE title not recognised.
  kUnknownCallingAe,  // Reject, permanent: calling AE title not recognised.
  kWrongAddress,      // The title is known, the address is not: as above.
};

// Immutable after construction; thread-safe.
class PeerPolicy {
 public:
  // `called_ae_titles`: those we answer to.  `accept_unknown_peers`: any calling AE
  // from any address; the called AE is checked even then.  For a closed test
  // network only.
  PeerPolicy(std::vector<AeTitle> called_ae_titles, std::vector<Peer> peers,
             bool accept_unknown_peers);

  // `called_ae`, `calling_ae`: as received; padding is ignored.
  PeerVerdict Check(absl::string_view called_ae, absl::string_view calling_ae,
                    absl::string_view address) const;

  // True if an association from this address could be accepted at all.
  bool KnowsAddress(absl::string_view address) const;

  // The configured peer; nullptr if there is none, or it is not at this address.
  const Peer* Find(absl::string_view calling_ae, absl::string_view address) const;

  // Name of the destination that films from this peer return to (see
  // remote_ae.h); "" if it has none.
  std::string ReturnDestination(absl::string_view calling_ae, absl::string_view address) const;

  const std::vector<AeTitle>& called_ae_titles() const { return called_ae_titles_; }

 private:
  const Peer* FindPeer(const AeTitle& calling_ae, absl::string_view address) const;

  const std::vector<AeTitle> called_ae_titles_;
  const std::vector<Peer> peers_;
  const bool accept_unknown_peers_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_APPLICATION_ENTITY_H_
