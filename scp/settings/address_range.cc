#include "scp/settings/address_range.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"

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
  range.text_ = std::string(text);
  range.network_ = address->bytes;
  range.prefix_bits_ = address->is_ipv4 ? kMappedPrefixBits + bits : bits;
  return range;
}

bool AddressRange::Contains(absl::string_view address) const {
  const absl::optional<ParsedAddress> parsed = ParseAddress(address);
  return parsed && SharePrefix(parsed->bytes, network_, prefix_bits_);
}

}  // namespace camnode
