// One child process with nothing inherited but standard output and error, and a
// life pipe.

#ifndef CAMNODE_SERVICES_NODE_CHILD_PROCESS_H_
#define CAMNODE_SERVICES_NODE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace camnode {

// The descriptor under which a child finds its end of the life pipe.
inline constexpr int kLifePipeDescriptor = 3;

// Move-only.
class ChildProcess {
 public:
  // Runs the program at `arguments[0]`.  Standard input is /dev/null; no signal is
  // blocked or ignored in it.  `environment`: "NAME=value" besides this process's
  // own environment, which wins where it has the name, too.
  // Errors: kFailedPrecondition if it cannot be run; kResourceExhausted.
  static absl::StatusOr<ChildProcess> Spawn(const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& environment = {});

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  // Ends the life pipe.  Neither kills nor waits for the child.
  ~ChildProcess();

  pid_t pid() const { return pid_; }

  // Blocks until the child has ended, but leaves it to Reap, so that its pid stays
  // its own.
  void WaitForEnd() const;
  // The wait status.  REQUIRES: WaitForEnd returned.
  int Reap() const;

 private:
  ChildProcess(pid_t pid, int life_pipe) : pid_(pid), life_pipe_(life_pipe) {}

  pid_t pid_;
  int life_pipe_;  // Writing end.
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_CHILD_PROCESS_H_
