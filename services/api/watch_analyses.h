// WatchAnalyses: analyses as they are committed, from any point on, without gaps.

#ifndef CAMNODE_SERVICES_API_WATCH_ANALYSES_H_
#define CAMNODE_SERVICES_API_WATCH_ANALYSES_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/domain/uid.h"
#include "core/storage/event_history.h"
#include "core/storage/event_log.h"
#include "core/storage/instance_store.h"
#include "proto/camnode/v1/results.grpc.pb.h"
#include "services/api/analysis_lookup.h"
#include "services/api/event_hub.h"

namespace camnode {

// One call.  Borrows all.
class WatchAnalyses {
 public:
  WatchAnalyses(EventLog& events, EventHistory& history, EventHub& hub, InstanceStore& instances,
                AnalysisLookup& lookup)
      : events_(events), history_(history), hub_(hub), instances_(instances), lookup_(lookup) {}

  // Returns when the caller is gone (kCancelled), the node stops (kUnavailable,
  // SHUTTING_DOWN), the events are not those that the caller knows (kOutOfRange,
  // EVENTS_OF_ANOTHER_EPOCH) or something fails.
  absl::Status Run(grpc::ServerContext* context, const v1::WatchAnalysesRequest& request,
                   grpc::ServerWriter<v1::WatchAnalysesResponse>* writer);

 private:
  // Empty: nothing to tell of this event.
  absl::StatusOr<absl::optional<v1::WatchAnalysesResponse>> ToMessage(const Event& event,
                                                                      const Uid& study);

  EventLog& events_;
  EventHistory& history_;
  EventHub& hub_;
  InstanceStore& instances_;
  AnalysisLookup& lookup_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_WATCH_ANALYSES_H_
