#include "core/base/crash_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "core/base/durable_file.h"

namespace camnode {
namespace {

// True for the one process that made the file.
bool FirstToArrive(const char* file) {
  const int descriptor = ::open(file, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (descriptor < 0) return false;
  ::close(descriptor);
  return true;
}

const char* ArmedPoint() {
  static const char* const armed = std::getenv("CAMNODE_CRASH_AT");
  return armed;
}

}  // namespace

void CrashPoint(absl::string_view name) {
  const char* const armed = ArmedPoint();
  if (armed == nullptr || name != armed) return;
  const char* once = std::getenv("CAMNODE_CRASH_ONCE");
  if (once != nullptr && FirstToArrive(once)) ::kill(::getpid(), SIGKILL);
}

std::string CrashPointFolder() {
  const char* const once = std::getenv("CAMNODE_CRASH_ONCE");
  return ArmedPoint() == nullptr || once == nullptr ? "" : DirectoryOf(once);
}

}  // namespace camnode
