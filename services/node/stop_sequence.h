// Stops what may hang: each step on a thread of its own and for a share of the time, so that
// one that never returns keeps neither the steps after it nor the process.

#ifndef CAMNODE_SERVICES_NODE_STOP_SEQUENCE_H_
#define CAMNODE_SERVICES_NODE_STOP_SEQUENCE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/stopwatch.h"

namespace camnode {

// Used by one thread.
class StopSequence {
 public:
  struct Step {
    std::string name;  // For a log line: "the reception of DICOM".
    std::function<void()> run;
  };

  // Everything Run does ends within `limit` from now.
  explicit StopSequence(absl::Duration limit);

  // Runs the steps side by side and returns when all have ended, or when `share` of the limit
  // or what is left of it is over: those that have not are logged and left behind, with
  // whatever they use.
  void Run(double share, std::vector<Step> steps);

  // False once a step was left behind: then nothing that it uses may be destroyed, and only
  // GiveUp is left.
  bool complete() const { return left_behind_.empty(); }
  // Ends the process at once with code 1 and a line that names the steps left behind.  What
  // was acknowledged is durable, as after a kill.
  [[noreturn]] void GiveUp() const;

 private:
  struct Running;

  const absl::Duration limit_;
  const Deadline end_;
  std::vector<std::string> left_behind_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_STOP_SEQUENCE_H_
