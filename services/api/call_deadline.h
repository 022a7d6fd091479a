// Cancels a call that takes too long: gRPC's blocking reads have no time limit of
// their own, and a silent caller would hold a thread for ever.

#ifndef CAMNODE_SERVICES_API_CALL_DEADLINE_H_
#define CAMNODE_SERVICES_API_CALL_DEADLINE_H_

#include <grpcpp/alarm.h>
#include <grpcpp/server_context.h>

#include <memory>

#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace camnode {

// Lives within one call.
class CallDeadline {
 public:
  // Cancels `context` after `limit` unless destroyed before.
  CallDeadline(grpc::ServerContext* context, absl::Duration limit);
  ~CallDeadline();

  // True if the call was cancelled by this object.
  bool passed() const;

 private:
  // Shared with the alarm, which may fire while the call ends.
  struct State {
    Mutex mutex;
    grpc::ServerContext* context ABSL_GUARDED_BY(mutex);  // nullptr: the call is over.
    bool passed ABSL_GUARDED_BY(mutex) = false;
  };

  std::shared_ptr<State> state_;
  grpc::Alarm alarm_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_CALL_DEADLINE_H_
