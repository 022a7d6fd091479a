// Every call's first and last step: its deadline and its cancellation reach the database;
// its error becomes a grpc::Status, is counted and, if it is one, logged.

#ifndef CAMNODE_SERVICES_API_RPC_OBSERVER_H_
#define CAMNODE_SERVICES_API_RPC_OBSERVER_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/metrics.h"
#include "core/base/stopwatch.h"
#include "core/storage/sql/read_limits.h"
#include "services/settings/grpc_settings.h"

namespace camnode {

// Thread-safe; one for all services.
class RpcObserver {
 public:
  // Registers camnode_rpc_total{method,code} and camnode_rpc_seconds{method}.
  // `max_query`: of one read of the database.
  explicit RpcObserver(MetricRegistry& metrics,
                       absl::Duration max_query = GrpcSettings().max_query);

  // `method`: "GetStudy".  `stopwatch`: since the call came.
  grpc::Status Finish(absl::string_view method, const Stopwatch& stopwatch,
                      const absl::Status& status);

  // Runs a call's body and finishes it.  What the body reads of the database ends when
  // the caller's deadline passes or it goes away.
  template <typename Body>
  grpc::Status Run(grpc::ServerContext* context, absl::string_view method, Body&& body) {
    const Stopwatch stopwatch;
    const ScopedReadLimits limits(LimitsOf(context));
    return Finish(method, stopwatch, body());
  }

 private:
  ReadLimits LimitsOf(grpc::ServerContext* context) const;

  const absl::Duration max_query_;
  CounterFamily& calls_;
  HistogramFamily& seconds_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_RPC_OBSERVER_H_
