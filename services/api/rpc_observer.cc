#include "services/api/rpc_observer.h"

#include <string>

#include "absl/time/time.h"
#include "core/base/log.h"
#include "services/api/grpc_status.h"

namespace camnode {
namespace {

// What a caller did or may repeat is no news; what we did wrong is.  Asking again
// until a film is analysed is what programs do all day.
LogLevel LevelFor(const absl::Status& status) {
  if (ReasonOf(status) == "NOT_YET_ANALYZED") return LogLevel::kDebug;
  switch (status.code()) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return LogLevel::kWarning;
    default:
      return LogLevel::kInfo;
  }
}

}  // namespace

RpcObserver::RpcObserver(MetricRegistry& metrics, absl::Duration max_query)
    : max_query_(max_query),
      calls_(metrics.AddCounter("camnode_rpc_total", "gRPC calls ended.", {"method", "code"})),
      seconds_(metrics.AddHistogram("camnode_rpc_seconds", "How long gRPC calls took.",
                                    SecondsBuckets(), {"method"})) {}

ReadLimits RpcObserver::LimitsOf(grpc::ServerContext* context) const {
  ReadLimits limits;
  limits.longest_read = max_query_;
  limits.call_ends = Deadline::At(context->deadline());
  limits.cancelled = [context] { return context->IsCancelled(); };
  return limits;
}

grpc::Status RpcObserver::Finish(absl::string_view method, const Stopwatch& stopwatch,
                                 const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  const absl::Duration duration = stopwatch.Elapsed();
  calls_.With({std::string(method), code}).Add();
  seconds_.With({std::string(method)}).Observe(absl::ToDoubleSeconds(duration));
  if (!status.ok()) {
    Log(LevelFor(status), "rpc_failed",
        {{LogField::kRpc, method},
         {LogField::kCode, code},
         {LogField::kReason, status.message()},
         {LogField::kDurationMs, absl::ToDoubleMilliseconds(duration)}});
  }
  return ToGrpcStatus(status);
}

}  // namespace camnode
