// Every call's last step: its error becomes a grpc::Status, is counted and, if it
// is one, logged.

#ifndef CAMNODE_SERVICES_API_RPC_OBSERVER_H_
#define CAMNODE_SERVICES_API_RPC_OBSERVER_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/metrics.h"
#include "core/base/stopwatch.h"

namespace camnode {

// Thread-safe; one for all services.
class RpcObserver {
 public:
  // Registers camnode_rpc_total{method,code} and camnode_rpc_seconds{method}.
  explicit RpcObserver(MetricRegistry& metrics);

  // `method`: "GetStudy".  `stopwatch`: since the call came.
  grpc::Status Finish(absl::string_view method, const Stopwatch& stopwatch,
                      const absl::Status& status);

  // Runs a unary call's body and finishes it.
  template <typename Body>
  grpc::Status Run(absl::string_view method, Body&& body) {
    const Stopwatch stopwatch;
    return Finish(method, stopwatch, body());
  }

 private:
  CounterFamily& calls_;
  HistogramFamily& seconds_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_RPC_OBSERVER_H_
