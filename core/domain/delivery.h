// One derived instance on its way to one destination.

#ifndef CAMNODE_CORE_DOMAIN_DELIVERY_H_
#define CAMNODE_CORE_DOMAIN_DELIVERY_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace camnode {

enum class DeliveryState {
  kQueued,
  kLeased,
  kDelivered,  // The destination answered success, a warning, or that it has it.
  kBuried,     // Refused for good, with the reason.
};

inline absl::string_view DeliveryStateName(DeliveryState state) {
  switch (state) {
    case DeliveryState::kQueued:
      return "queued";
    case DeliveryState::kLeased:
      return "leased";
    case DeliveryState::kDelivered:
      return "delivered";
    case DeliveryState::kBuried:
      return "buried";
  }
  return "unknown";
}

struct Delivery {
  int64_t id = 0;
  int64_t derived_instance_id = 0;
  std::string destination;  // Name of a destination in the configuration.
  DeliveryState state = DeliveryState::kQueued;
  int attempt = 0;  // Fencing token: +1 at each lease.
  int failures = 0;
  int last_status = -1;  // DIMSE status of the last answer; -1: none yet.
  std::string last_error;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_DELIVERY_H_
