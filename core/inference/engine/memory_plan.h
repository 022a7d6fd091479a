// Where the values of a pass lie in one block of memory: those that are not needed at
// the same time share their place, so that a pass stays in the processor's caches.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_MEMORY_PLAN_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_MEMORY_PLAN_H_

#include <cstddef>
#include <vector>

namespace camnode {

// Needed from step `first` to step `last`, both included.
struct MemoryRequest {
  size_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // One per request; multiples of kMemoryAlignment.
  size_t bytes = 0;             // Of the whole block.
};

inline constexpr size_t kMemoryAlignment = 64;  // A cache line, an AVX-512 register.

// Thread-safe.  REQUIRES: first <= last in each.
// First fit in order of first use: two requests whose steps overlap never overlap in memory.
MemoryPlan PlanMemory(const std::vector<MemoryRequest>& requests);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_MEMORY_PLAN_H_
