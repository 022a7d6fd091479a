// What the node's parts count, as metrics.

#ifndef CAMNODE_SERVICES_NODE_METRICS_H_
#define CAMNODE_SERVICES_NODE_METRICS_H_

#include "core/base/clock.h"
#include "core/base/metrics.h"
#include "scp/receive/association_acceptor.h"
#include "scp/send/outbox_sender.h"
#include "services/node/health_reporter.h"
#include "services/node/stores.h"

namespace camnode {

// Each registers callbacks; what it is given outlives the last MetricRegistry::Text.
void RegisterReceptionMetrics(const AcceptorStats& stats, MetricRegistry* metrics);
void RegisterDeliveryMetrics(const OutboxSenderStats& stats, MetricRegistry* metrics);
void RegisterStorageMetrics(NodeStores& stores, const Clock& clock, MetricRegistry* metrics);
void RegisterHealthMetrics(const HealthReporter& health, MetricRegistry* metrics);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_METRICS_H_
