#include "scp/receive/application_entity.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "scp/settings/address_range.h"
#include "scp/settings/remote_ae.h"
#include "scp/wire/certificate_names.h"

namespace camnode {

PeerPolicy::PeerPolicy(std::vector<AeTitle> called_ae_titles, std::vector<Peer> peers,
                       bool accept_unknown_peers)
    : called_ae_titles_(std::move(called_ae_titles)),
      peers_(std::move(peers)),
      accept_unknown_peers_(accept_unknown_peers) {}

const Peer* PeerPolicy::FindPeer(const AeTitle& calling_ae, absl::string_view address) const {
  for (const Peer& peer : peers_) {
    if (peer.ae_title != calling_ae) continue;
    for (const AddressRange& range : peer.addresses) {
      if (range.Contains(address)) return &peer;
    }
  }
  return nullptr;
}

const Peer* PeerPolicy::FindPeer(const AeTitle& calling_ae) const {
  const auto found = std::find_if(peers_.begin(), peers_.end(), [&calling_ae](const Peer& peer) {
    return peer.ae_title == calling_ae;
  });
  return found == peers_.end() ? nullptr : &*found;
}

const Peer* PeerPolicy::Find(absl::string_view calling_ae, absl::string_view address) const {
  const absl::StatusOr<AeTitle> calling = AeTitle::Parse(calling_ae);
  return calling.ok() ? FindPeer(*calling, address) : nullptr;
}

PeerVerdict PeerPolicy::Check(absl::string_view called_ae, absl::string_view calling_ae,
                              absl::string_view address,
                              const std::vector<std::string>& certificate_names) const {
  const absl::StatusOr<AeTitle> called = AeTitle::Parse(called_ae);
  if (!called.ok() || std::find(called_ae_titles_.begin(), called_ae_titles_.end(), *called) ==
                          called_ae_titles_.end()) {
    return PeerVerdict::kWrongCalledAe;
  }

  const absl::StatusOr<AeTitle> calling = AeTitle::Parse(calling_ae);
  if (!calling.ok()) return PeerVerdict::kUnknownCallingAe;
  const Peer* const peer = accept_unknown_peers_ ? FindPeer(*calling) : FindPeer(*calling, address);
  if (peer != nullptr && !peer->certificate_names.empty() &&
      !CarriesOneOf(certificate_names, peer->certificate_names)) {
    return PeerVerdict::kWrongCertificate;
  }
  if (accept_unknown_peers_ || peer != nullptr) return PeerVerdict::kAccept;
  return FindPeer(*calling) != nullptr ? PeerVerdict::kWrongAddress
                                       : PeerVerdict::kUnknownCallingAe;
}

bool PeerPolicy::KnowsAddress(absl::string_view address) const {
  if (accept_unknown_peers_) return true;
  for (const Peer& peer : peers_) {
    for (const AddressRange& range : peer.addresses) {
      if (range.Contains(address)) return true;
    }
  }
  return false;
}

std::string PeerPolicy::ReturnDestination(absl::string_view calling_ae,
                                          absl::string_view address) const {
  const Peer* const peer = Find(calling_ae, address);
  if (peer == nullptr || peer->return_port == 0) return "";
  const std::string host = peer->return_host.empty() ? std::string(address) : peer->return_host;
  return ReturnDestinationName(RemoteAe{peer->ae_title, host, peer->return_port, peer->return_tls});
}

}  // namespace camnode
