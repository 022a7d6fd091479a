#include "scp/receive/application_entity.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "scp/wire/remote_ae.h"

namespace camnode {
namespace {

constexpr int kMappedPrefixBits = 96;  // ::ffff:0:0/96 holds IPv4.

using AddressBytes = std::array<uint8_t, 16>;

struct ParsedAddress {
  AddressBytes bytes{};
  bool is_ipv4 = false;
};

absl::optional<ParsedAddress> ParseAddress(absl::string_view text) {
  const std::string terminated(text);
  ParsedAddress parsed;
  in_addr ipv4{};
  if (inet_pton(AF_INET, terminated.c_str(), &ipv4) == 1) {
    parsed.is_ipv4 = true;
    parsed.bytes[10] = parsed.bytes[11] = 0xFF;
    std::memcpy(&parsed.bytes[12], &ipv4, sizeof ipv4);
    return parsed;
  }
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &ipv6) != 1) return absl::nullopt;
  std::memcpy(parsed.bytes.data(), &ipv6, sizeof ipv6);
  return parsed;
}

bool SharePrefix(const AddressBytes& a, const AddressBytes& b, int bits) {
  const size_t whole = static_cast<size_t>(bits / 8);
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  const int rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

absl::StatusOr<AddressRange> AddressRange::Parse(absl::string_view text) {
  const absl::Status error = absl::InvalidArgumentError(absl::StrCat(
      "'", text, "' is no address range; write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"));
  const size_t slash = text.find('/');
  const absl::optional<ParsedAddress> address = ParseAddress(text.substr(0, slash));
  if (!address) return error;

  const int width = address->is_ipv4 ? 32 : 128;
  int bits = width;
  if (slash != absl::string_view::npos) {
    const absl::string_view digits = text.substr(slash + 1);
    if (digits.empty() || digits.find_first_not_of("0123456789") != absl::string_view::npos ||
        !absl::SimpleAtoi(digits, &bits) || bits > width) {
      return error;
    }
  }
  AddressRange range;
  range.network_ = address->bytes;
  range.prefix_bits_ = address->is_ipv4 ? kMappedPrefixBits + bits : bits;
  return range;
}

bool AddressRange::Contains(absl::string_view address) const {
  const absl::optional<ParsedAddress> parsed = ParseAddress(address);
  return parsed && SharePrefix(parsed->bytes, network_, prefix_bits_);
}

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

const Peer* PeerPolicy::Find(absl::string_view calling_ae, absl::string_view address) const {
  const absl::StatusOr<AeTitle> calling = AeTitle::Parse(calling_ae);
  return calling.ok() ? FindPeer(*calling, address) : nullptr;
}

PeerVerdict PeerPolicy::Check(absl::string_view called_ae, absl::string_view calling_ae,
                              absl::string_view address) const {
  const absl::StatusOr<AeTitle> called = AeTitle::Parse(called_ae);
  if (!called.ok() || std::find(called_ae_titles_.begin(), called_ae_titles_.end(), *called) ==
                          called_ae_titles_.end()) {
    return PeerVerdict::kWrongCalledAe;
  }

  const absl::StatusOr<AeTitle> calling = AeTitle::Parse(calling_ae);
  if (!calling.ok()) return PeerVerdict::kUnknownCallingAe;
  if (accept_unknown_peers_ || FindPeer(*calling, address) != nullptr) return PeerVerdict::kAccept;
  for (const Peer& peer : peers_) {
    if (peer.ae_title == *calling) return PeerVerdict::kWrongAddress;
  }
  return PeerVerdict::kUnknownCallingAe;
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
