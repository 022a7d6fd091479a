// Knows what the worker's threads are at and for how long, so that one that never comes back
// (a codec in an endless loop, a device or a disk that does not answer) is noticed.
//
//   const StepWatch::Step step = steps.Begin("decode", {job.id});
//   ...  // Whatever may hang.
//
// A step counts as stalled once it has taken `max_step`, or twenty times as long as half of
// the last steps of its name took, whichever is longer.

#ifndef CAMNODE_CORE_PIPELINE_STEP_WATCH_H_
#define CAMNODE_CORE_PIPELINE_STEP_WATCH_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"

namespace camnode {

// Somebody looks at the steps so often.
inline constexpr absl::Duration kLookPeriod = absl::Seconds(1);

// Thread-safe.
class StepWatch {
 public:
  // Under way for as long as it lives.  Move-only; the watch outlives it.
  class Step {
   public:
    Step(Step&& other) noexcept;
    Step& operator=(Step&&) = delete;
    ~Step();

   private:
    friend class StepWatch;
    Step(StepWatch& watch, int64_t number) : watch_(&watch), number_(number) {}

    StepWatch* watch_;  // Null once moved from.
    int64_t number_;
  };

  struct Stall {
    std::string name;
    // The jobs of which one is at fault; empty: the surroundings are, no film.
    std::vector<int64_t> suspects;
    absl::Duration took;
    absl::Duration limit;
  };

  // Borrows `clock`.
  explicit StepWatch(absl::Duration max_step, const Clock& clock = SystemClock())
      : max_step_(max_step), clock_(clock) {}

  // `name` is constant.  `suspects`: as in Stall.
  Step Begin(const char* name, std::vector<int64_t> suspects = {});

  // Called at each kLookPeriod.  The stalled step that has taken longest, if there is one.
  // Time in which this process as a whole did not run (stopped, suspended, starved) does not
  // count: each look adds two periods at most.
  absl::optional<Stall> Look();

  // Of the longest step under way, as of the last look.
  absl::Duration Longest() const;

 private:
  struct Open {
    std::string name;
    std::vector<int64_t> suspects;
    absl::Duration began;
    absl::Duration seen;  // When it was last looked at.
    absl::Duration took;  // Of that, what counts.
  };

  void End(int64_t number);
  absl::Duration LimitOf(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration max_step_;
  const Clock& clock_;
  mutable Mutex mutex_;
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int64_t, Open> open_ ABSL_GUARDED_BY(mutex_);
  // The last ones that ended, by name; a name is one of few.
  std::map<std::string, std::deque<absl::Duration>> ended_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_STEP_WATCH_H_
