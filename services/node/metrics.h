// What the node asks its stores and its health when the metrics are read.  What a part
// counts it registers itself (scp/receive/acceptor_metrics.h, scp/send/delivery_metrics.h).

#ifndef CAMNODE_SERVICES_NODE_METRICS_H_
#define CAMNODE_SERVICES_NODE_METRICS_H_

#include "core/base/metrics.h"
#include "services/node/blob_janitor.h"
#include "services/node/health_reporter.h"
#include "services/node/storage_figures.h"

namespace camnode {

// Each registers callbacks, none of which waits for a store; what it is given outlives the
// last MetricRegistry::Text.
void RegisterStorageMetrics(StorageFiguresReader& figures, MetricRegistry* metrics);
void RegisterLogMetrics(MetricRegistry* metrics);
void RegisterHealthMetrics(const HealthReporter& health, MetricRegistry* metrics);
void RegisterSweepMetrics(const BlobJanitor& janitor, MetricRegistry* metrics);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_METRICS_H_
