// What sending counts, as the metrics it is shown by.

#ifndef CAMNODE_SCP_SEND_DELIVERY_METRICS_H_
#define CAMNODE_SCP_SEND_DELIVERY_METRICS_H_

#include "core/base/metrics.h"

namespace camnode {

// Thread-safe.
struct DeliveryMetrics {
  // Registers them, which a registry takes once; it outlives whoever counts.
  explicit DeliveryMetrics(MetricRegistry& registry)
      : attempts(registry.AddCounter("camnode_deliveries_total",
                                     "Attempts to deliver an object, by outcome.", {"outcome"})),
        delivered(attempts.With({"delivered"})),
        retried(attempts.With({"retried"})),
        buried(attempts.With({"buried"})),
        sent_bytes(
            registry.AddCounter("camnode_sent_bytes_total", "Bytes of objects sent.").With({})) {}

  CounterFamily& attempts;  // By outcome:
  Counter& delivered;
  Counter& retried;
  Counter& buried;
  Counter& sent_bytes;
  Counter associations_failed;  // Not come about, or lost.  Each is a line of the log.
};

}  // namespace camnode

#endif  // CAMNODE_SCP_SEND_DELIVERY_METRICS_H_
