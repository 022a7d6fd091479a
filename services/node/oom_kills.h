// Whether the kernel's memory killer struck: to whoever waits for a process, its SIGKILL looks
// like an operator's.

#ifndef CAMNODE_SERVICES_NODE_OOM_KILLS_H_
#define CAMNODE_SERVICES_NODE_OOM_KILLS_H_

#include <cstdint>
#include <string>

namespace camnode {

// How many processes of this one's control group it has ended so far (cgroup v2), or of the
// whole system where there is no such group; 0 if nobody says.  `root`: "" or, for tests, what
// stands before /proc and /sys.
int64_t CountOomKills(const std::string& root = "");

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_OOM_KILLS_H_
