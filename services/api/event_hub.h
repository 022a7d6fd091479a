// Wakes the calls that wait for something to be committed.
//
// One thread listens to the doorbell, and asks the event history behind it every
// second, because a ring may be lost; the waiting calls then read the event rows
// themselves, each from where it is.  So no event is held in memory, and a slow
// caller holds up nobody but itself.

#ifndef CAMNODE_SERVICES_API_EVENT_HUB_H_
#define CAMNODE_SERVICES_API_EVENT_HUB_H_

#include <cstdint>
#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/event_history.h"
#include "core/storage/sql/doorbell.h"

namespace camnode {

// Thread-safe.
class EventHub {
 public:
  // Borrows both.
  EventHub(EventHistory& history, Doorbell& doorbell);
  // As Stop.
  ~EventHub();

  void Start();
  // Ends every Wait, now and later.  The thread ends within a second, or at once
  // if the doorbell has been stopped, too.
  void Stop();

  // Returns true if an event above `after` was seen, at once or within `timeout`;
  // false if the time ran out or the hub was stopped.
  bool WaitAfter(int64_t after, absl::Duration timeout);

  bool stopped() const;

 private:
  void Run();

  EventHistory& history_;
  Doorbell& doorbell_;
  mutable Mutex mutex_;
  CondVar changed_;
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_EVENT_HUB_H_
