// A range of addresses, as the configuration names peers.

#ifndef CAMNODE_SCP_SETTINGS_ADDRESS_RANGE_H_
#define CAMNODE_SCP_SETTINGS_ADDRESS_RANGE_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

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

  // As it was parsed.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  // IPv4 as ::ffff:a.b.c.d, so that one comparison serves both.
  std::array<uint8_t, 16> network_{};
  int prefix_bits_ = 128;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_SETTINGS_ADDRESS_RANGE_H_
