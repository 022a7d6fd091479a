#include "tests/services/privileges/in_child.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>

namespace camnode {

ChildEnd InChild(absl::FunctionRef<std::string()> steps) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {"no pipe", 0};
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string said = steps();
    const bool told =
        ::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  ChildEnd end;
  std::array<char, 4096> bytes;
  ssize_t size = 0;
  while ((size = ::read(ends[0], bytes.data(), bytes.size())) > 0) {
    end.said.append(bytes.data(), static_cast<size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

std::string Outcome(long result) { return result >= 0 ? "done" : ::strerrorname_np(errno); }

}  // namespace camnode
