// What the receiving side counts, as the metrics it is shown by.

#ifndef CAMNODE_SCP_RECEIVE_ACCEPTOR_METRICS_H_
#define CAMNODE_SCP_RECEIVE_ACCEPTOR_METRICS_H_

#include <atomic>
#include <cstdint>

#include "core/base/metrics.h"

namespace camnode {

// Thread-safe.
struct AcceptorMetrics {
  // Registers them, which a registry takes once.  Both outlive whoever counts.
  explicit AcceptorMetrics(MetricRegistry& registry);

  // One C-STORE answered.
  void CountAnswer(uint16_t dimse_status);

  CounterFamily& associations;  // By what became of them:
  Counter& accepted;
  Counter& rejected;  // By policy: unknown peer, wrong AE.
  Counter& refused_busy;
  Counter& failed;         // No association came of the connection.
  CounterFamily& answers;  // To C-STORE, by class of status.
  Counter& echoes;
  Counter& received_bytes;           // Of data sets.
  std::atomic<int64_t> open_now{0};  // Associations.
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_ACCEPTOR_METRICS_H_
