#include "core/base/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace camnode {
namespace {

// More would only make each walk over a table of descriptors longer.
constexpr rlim_t kEnough = 65'536;
// Of a system that does not say: what every system grants.
constexpr int kUsual = 1024;

}  // namespace

int RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUsual;
  const rlim_t wanted = std::min(limit.rlim_max, kEnough);
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return static_cast<int>(std::min(limit.rlim_cur, kEnough));
}

}  // namespace camnode
