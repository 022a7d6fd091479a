// Calls that a test wants to fail.
//
// A file of rules, one a line, read at every call, so that a test can let a disk
// break and heal while the programs run:
//
//   KIND PART ERRNO COUNT
//
// KIND: open (for writing, mkdir), read (open for reading), write, sync, rename,
// remove, or any.  PART: a part of the path, * for every path.  ERRNO: a number.
// COUNT: how often, -1 for as long as the rule stands.

#ifndef CAMNODE_TESTS_DURABILITY_RECORDER_FAULTS_H_
#define CAMNODE_TESTS_DURABILITY_RECORDER_FAULTS_H_

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <sstream>
#include <string>

namespace camnode {

// The errno with which the call fails, 0: it may go on.  REQUIRES: one caller at a
// time, of all processes.
inline int TakeFault(const std::string& file, const std::string& kind, const std::string& path) {
  // Raw calls: ours are the ones that ask.
  const long descriptor = ::syscall(SYS_openat, AT_FDCWD, file.c_str(), O_RDONLY | O_CLOEXEC, 0);
  if (descriptor < 0) return 0;
  char text[4096];
  const long size = ::syscall(SYS_read, descriptor, text, sizeof text);
  ::syscall(SYS_close, descriptor);
  if (size <= 0) return 0;
  std::istringstream rules(std::string(text, static_cast<size_t>(size)));
  std::string left;
  std::string rule_kind;
  std::string part;
  int error = 0;
  int count = 0;
  int taken = 0;
  while (rules >> rule_kind >> part >> error >> count) {
    const bool meant = (rule_kind == "any" ? kind != "read" : rule_kind == kind) &&
                       (part == "*" || path.find(part) != std::string::npos) && count != 0;
    if (meant && taken == 0) {
      taken = error;
      if (count > 0) --count;
    }
    left +=
        rule_kind + " " + part + " " + std::to_string(error) + " " + std::to_string(count) + "\n";
  }
  if (taken == 0) return 0;
  const long written =
      ::syscall(SYS_openat, AT_FDCWD, file.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC, 0);
  if (written >= 0) {
    ::syscall(SYS_write, written, left.data(), left.size());
    ::syscall(SYS_close, written);
  }
  return taken;
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_DURABILITY_RECORDER_FAULTS_H_
