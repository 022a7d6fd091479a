#include "services/api/event_hub.h"

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// Longest that a lost ring delays a watcher.
constexpr absl::Duration kPollInterval = absl::Seconds(1);

}  // namespace

EventHub::EventHub(EventHistory& history, Doorbell& doorbell)
    : history_(history), doorbell_(doorbell) {}

EventHub::~EventHub() { Stop(); }

void EventHub::Start() {
  thread_ = std::thread([this] { Run(); });
}

void EventHub::Stop() {
  {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.SignalAll();
  }
  if (thread_.joinable()) thread_.join();
}

bool EventHub::WaitAfter(int64_t after, absl::Duration timeout) {
  const Deadline end(timeout);
  MutexLock lock(&mutex_);
  while (!stopped_ && last_number_ <= after) {
    if (end.Expired()) return false;
    changed_.WaitWithTimeout(&mutex_, end.Remaining());
  }
  return !stopped_;
}

bool EventHub::stopped() const {
  MutexLock lock(&mutex_);
  return stopped_;
}

void EventHub::Run() {
  while (!stopped()) {
    // An unreadable database is the health reporter's news; here it means no event.
    const absl::StatusOr<EventPosition> position = history_.Check();
    if (position.ok()) {
      MutexLock lock(&mutex_);
      // Lower: the database was restored, and a watcher that waits shall look why.
      if (position->last_number != last_number_) changed_.SignalAll();
      last_number_ = position->last_number;
    }
    if (!doorbell_.Wait(kEventsTopic, kPollInterval)) absl::SleepFor(absl::Milliseconds(5));
  }
}

}  // namespace camnode
