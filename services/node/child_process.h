// One child process with nothing inherited but standard output and error, and its end of the
// life pipe: a pair of sockets, by which each side knows that the other is there.

#ifndef CAMNODE_SERVICES_NODE_CHILD_PROCESS_H_
#define CAMNODE_SERVICES_NODE_CHILD_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/unique_descriptor.h"

namespace camnode {

// The descriptor under which a child finds its end of the life pipe.  It ends when the parent
// is gone, however it went; each byte that the child writes to it is a sign of life.
inline constexpr int kLifePipeDescriptor = 3;

// Used by one thread.
class ChildProcess {
 public:
  // Runs the program at `arguments[0]`.  Standard input is /dev/null; no signal is
  // blocked or ignored in it.  `environment`: "NAME=value" besides this process's
  // own environment, which wins where it has the name, too.
  // Errors: kFailedPrecondition if it cannot be run; kResourceExhausted.
  static absl::StatusOr<ChildProcess> Spawn(const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& environment = {});

  // Move-only.  Destroyed, it ends the life pipe, and neither kills nor waits for the child.
  ChildProcess(ChildProcess&& other) noexcept = default;
  ChildProcess& operator=(ChildProcess&&) = delete;

  pid_t pid() const { return pid_; }

  enum class News { kEnded, kLives, kNone };
  // Waits until the child has ended or gives a sign of life, for at most `timeout`.  One that
  // has ended is left to Reap, so that its pid stays its own.
  News Wait(absl::Duration timeout) const;
  // The wait status.  REQUIRES: it has ended; otherwise this waits for that.
  int Reap() const;

 private:
  ChildProcess(pid_t pid, UniqueDescriptor process, UniqueDescriptor life_pipe)
      : pid_(pid), process_(std::move(process)), life_pipe_(std::move(life_pipe)) {}

  pid_t pid_;
  UniqueDescriptor process_;  // pidfd_open(2): readable once it has ended.
  UniqueDescriptor life_pipe_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_CHILD_PROCESS_H_
