// Where parts take the time from, so that tests can hand in their own.
//
// Two times that must not be mixed.  A date (Now) can be stored and shown, and jumps
// when somebody sets the machine's clock.  How long something takes, and how long to
// wait for it, is asked of the other (MonotonicNow): see stopwatch.h.

#ifndef CAMNODE_CORE_BASE_CLOCK_H_
#define CAMNODE_CORE_BASE_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"

namespace camnode {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The date.  Jumps back and forth when it is set, by NTP for one.
  virtual absl::Time Now() const = 0;

  // Since a moment that means nothing: only the difference of two readings does.  Never
  // goes back and is set by nobody.
  virtual absl::Duration MonotonicNow() const = 0;
};

// The machine's: CLOCK_REALTIME, as Abseil reads it (a step shows up to two seconds
// late), and CLOCK_MONOTONIC, which stands still while the machine is suspended.
// Lives for ever.
const Clock& SystemClock();

// How times are stored: milliseconds since 1970-01-01 00:00 UTC.
inline int64_t ToUnixMs(absl::Time time) { return absl::ToUnixMillis(time); }
inline absl::Time FromUnixMs(int64_t ms) { return absl::FromUnixMillis(ms); }

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_CLOCK_H_
