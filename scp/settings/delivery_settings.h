// What the operator may set of sending: section `delivery` of the configuration.

#ifndef CAMNODE_SCP_SETTINGS_DELIVERY_SETTINGS_H_
#define CAMNODE_SCP_SETTINGS_DELIVERY_SETTINGS_H_

#include "absl/time/time.h"
#include "core/base/retryable.h"

namespace camnode {

struct DeliverySettings {
  // Waits between repeats to one destination.  A lost association or 0xA7xx is
  // repeated for ever.
  Backoff backoff = {absl::Seconds(2), absl::Minutes(10)};
  // Repeats of an answer that may be about the object itself (0x0110, 0x0117,
  // 0x0213) before the delivery is buried.
  int max_failures = 5;
  // TCP connect, and again from there to the answer of the association request.
  absl::Duration connect_timeout = absl::Seconds(10);
  // From the last byte of an object to the answer; also the longest silence of
  // the network while sending.
  absl::Duration response_timeout = absl::Minutes(1);
  // Objects sent over one association; also how many are leased at once.  Larger:
  // a node that dies leaves more of them waiting for their leases to run out.
  int max_per_association = 100;
};

template <typename Reader>
void ReadOptions(Reader&& reader, DeliverySettings* settings) {
  ReadOptions(reader, &settings->backoff);
  reader.Read("max_failures", 1, 1000, &settings->max_failures);
  reader.Read("connect_timeout_ms", absl::Hours(1), &settings->connect_timeout);
  reader.Read("response_timeout_ms", absl::Hours(1), &settings->response_timeout);
  reader.Read("max_per_association", 1, 10'000, &settings->max_per_association);
}

}  // namespace camnode

#endif  // CAMNODE_SCP_SETTINGS_DELIVERY_SETTINGS_H_
