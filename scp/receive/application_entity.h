// Who may talk to us, and where answers go: the policy over the list of peers.

#ifndef CAMNODE_SCP_RECEIVE_APPLICATION_ENTITY_H_
#define CAMNODE_SCP_RECEIVE_APPLICATION_ENTITY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/domain/ae_title.h"
#include "scp/settings/peer.h"

namespace camnode {

// Which associations to accept, decided from the A-ASSOCIATE-RQ.
enum class PeerVerdict {
  kAccept,
  kWrongCalledAe,     // Reject, permanent: called AE title not recognised.
  kUnknownCallingAe,  // Reject, permanent: calling AE title not recognised.
  kWrongAddress,      // The title is known, the address is not: as above.
  kWrongCertificate,  // Both are, but no certificate with a name of the peer's entry: as above.
};

// Immutable after construction; thread-safe.
class PeerPolicy {
 public:
  // `called_ae_titles`: those we answer to.  `accept_unknown_peers`: any calling AE
  // from any address; the called AE is checked even then.  For a closed test
  // network only; a listed title still needs the certificate that its entry names.
  PeerPolicy(std::vector<AeTitle> called_ae_titles, std::vector<Peer> peers,
             bool accept_unknown_peers);

  // `called_ae`, `calling_ae`: as received; padding is ignored.  `certificate_names`: those of the
  // verified certificate (GuardedConnection::PeerNames).
  PeerVerdict Check(absl::string_view called_ae, absl::string_view calling_ae,
                    absl::string_view address,
                    const std::vector<std::string>& certificate_names) const;

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
  const Peer* FindPeer(const AeTitle& calling_ae) const;

  const std::vector<AeTitle> called_ae_titles_;
  const std::vector<Peer> peers_;
  const bool accept_unknown_peers_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_APPLICATION_ENTITY_H_
