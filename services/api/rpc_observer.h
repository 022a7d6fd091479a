// Every call's last step: its error becomes a grpc::Status, is counted and, if it
// is one, logged.

#ifndef CAMNODE_SERVICES_API_RPC_OBSERVER_H_
#define CAMNODE_SERVICES_API_RPC_OBSERVER_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/metrics.h"

namespace camnode {

// Thread-safe; one for all services.
class RpcObserver {
 public:
  // Registers camnode_rpc_total{method,code} and camnode_rpc_seconds{method}.
  explicit RpcObserver(MetricRegistry& metrics);

  // `method`: "GetStudy".  `started`: when the call came.
  grpc::Status Finish(absl::string_view method, absl::Time started, const absl::Status& status);

  // Runs a unary call's body and finishes it.
  template <typename Body>
  grpc::Status Run(absl::string_view method, Body&& body) {
    const absl::Time started = absl::Now();
    return Finish(method, started, body());
  }

 private:
  CounterFamily& calls_;
  HistogramFamily& seconds_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_RPC_OBSERVER_H_
