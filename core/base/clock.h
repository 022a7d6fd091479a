// Where parts take the time from, so that tests can hand in their own.

#ifndef CAMNODE_CORE_BASE_CLOCK_H_
#define CAMNODE_CORE_BASE_CLOCK_H_

#include <cstdint>

#include "absl/time/time.h"

namespace camnode {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's wall clock.  Lives for ever.
const Clock& SystemClock();

// How times are stored: milliseconds since 1970-01-01 00:00 UTC.
inline int64_t ToUnixMs(absl::Time time) { return absl::ToUnixMillis(time); }
inline absl::Time FromUnixMs(int64_t ms) { return absl::FromUnixMillis(ms); }

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_CLOCK_H_
