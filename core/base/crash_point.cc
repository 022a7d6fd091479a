#include "core/base/crash_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace camnode {
namespace {

// True for the one process that made the file.
bool FirstToArrive(const char* file) {
  const int descriptor = ::open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  ::close(descriptor);
  return true;
}

}  // namespace

void CrashPoint(absl::string_view name) {
  static const char* const armed = std::getenv("CAMNODE_CRASH_AT");
  if (armed == nullptr || name != armed) return;
  const char* once = std::getenv("CAMNODE_CRASH_ONCE");
  if (once != nullptr && FirstToArrive(once)) ::kill(::getpid(), SIGKILL);
}

}  // namespace camnode
