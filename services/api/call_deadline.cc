#include "services/api/call_deadline.h"

#include "core/base/stopwatch.h"

namespace camnode {

CallDeadline::CallDeadline(grpc::ServerContext* context, absl::Duration limit)
    : state_(std::make_shared<State>()) {
  {
    MutexLock lock(&state_->mutex);
    state_->context = context;
  }
  alarm_.Set(Deadline(limit).AsDate(), [state = state_](bool fired) {
    if (!fired) return;
    MutexLock lock(&state->mutex);
    if (state->context == nullptr) return;
    state->passed = true;
    state->context->TryCancel();
  });
}

CallDeadline::~CallDeadline() {
  {
    MutexLock lock(&state_->mutex);
    state_->context = nullptr;
  }
  alarm_.Cancel();
}

bool CallDeadline::passed() const {
  MutexLock lock(&state_->mutex);
  return state_->passed;
}

}  // namespace camnode
