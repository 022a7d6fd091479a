// Wakes the other program when there is something to do, so that nobody waits
// for a poll.  A ring may be lost (a kill between commit and ring): whoever waits
// passes a timeout of a second at most and looks for work when it runs out.

#ifndef CAMNODE_CORE_STORAGE_SQL_DOORBELL_H_
#define CAMNODE_CORE_STORAGE_SQL_DOORBELL_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace camnode {

// Topics.
inline constexpr absl::string_view kJobsTopic = "jobs";      // A job may be leased.
inline constexpr absl::string_view kOutboxTopic = "outbox";  // A delivery is due.
inline constexpr absl::string_view kEventsTopic = "events";  // An event was written.

// With SQLite: Unix datagram sockets in the data directory.  With PostgreSQL:
// LISTEN and NOTIFY.  Thread-safe.
class Doorbell {
 public:
  virtual ~Doorbell() = default;

  // Wakes every waiter for `topic` in every program.  Never blocks, never fails.
  virtual void Ring(absl::string_view topic) = 0;

  // Returns true if `topic` rang since this thread's last Wait for it on this
  // doorbell returned true, at once or within `timeout`; false if the time ran
  // out or Stop was called.  A thread's first Wait counts every ring so far.  Any
  // number of threads may wait, for one or many topics; a ring wakes them all.
  virtual bool Wait(absl::string_view topic, absl::Duration timeout) = 0;

  // Every Wait, now and later, returns at once.
  virtual void Stop() = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_DOORBELL_H_
