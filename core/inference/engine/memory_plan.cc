#include "core/inference/engine/memory_plan.h"

#include <algorithm>
#include <numeric>

namespace camnode {
namespace {

size_t Aligned(size_t bytes) {
  return (bytes + kMemoryAlignment - 1) / kMemoryAlignment * kMemoryAlignment;
}

struct Placed {
  size_t begin = 0;
  size_t end = 0;
};

}  // namespace

MemoryPlan PlanMemory(const std::vector<MemoryRequest>& requests) {
  std::vector<size_t> order(requests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return requests[a].first < requests[b].first; });
  MemoryPlan plan;
  plan.offsets.resize(requests.size());
  std::vector<size_t> done;
  for (const size_t i : order) {
    const MemoryRequest& request = requests[i];
    std::vector<Placed> taken;
    for (const size_t other : done) {
      const MemoryRequest& o = requests[other];
      if (o.last < request.first || request.last < o.first) continue;
      taken.push_back({plan.offsets[other], plan.offsets[other] + Aligned(o.bytes)});
    }
    std::sort(taken.begin(), taken.end(),
              [](const Placed& a, const Placed& b) { return a.begin < b.begin; });
    // The lowest gap between them that is large enough.
    size_t place = 0;
    for (const Placed& block : taken) {
      if (place + Aligned(request.bytes) <= block.begin) break;
      place = std::max(place, block.end);
    }
    plan.offsets[i] = place;
    plan.bytes = std::max(plan.bytes, place + Aligned(request.bytes));
    done.push_back(i);
  }
  return plan;
}

}  // namespace camnode
