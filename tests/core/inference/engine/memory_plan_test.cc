#include "core/inference/engine/memory_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace camnode {
namespace {

using ::testing::ElementsAre;

TEST(MemoryPlanTest, ValuesThatAreNeededTogetherLieApart) {
  const MemoryPlan plan = PlanMemory({{100, 0, 1}, {64, 1, 2}, {1, 0, 5}});
  EXPECT_THAT(plan.offsets, ElementsAre(0, 192, 128));
  EXPECT_EQ(plan.bytes, 256u);
}

TEST(MemoryPlanTest, AValueTakesThePlaceOfOneThatIsNoLongerNeeded) {
  const MemoryPlan plan = PlanMemory({{128, 0, 1}, {64, 1, 2}, {128, 2, 3}});
  EXPECT_THAT(plan.offsets, ElementsAre(0, 128, 0));
  EXPECT_EQ(plan.bytes, 192u);
}

TEST(MemoryPlanTest, NeitherOrderNorSizeMakesTwoLivingValuesOverlap) {
  std::vector<MemoryRequest> requests;
  for (int i = 0; i < 60; ++i) {
    requests.push_back({static_cast<size_t>(i * 37 % 501), i * 7 % 40, i * 7 % 40 + i % 9});
  }
  const MemoryPlan plan = PlanMemory(requests);
  for (size_t a = 0; a < requests.size(); ++a) {
    EXPECT_LE(plan.offsets[a] + requests[a].bytes, plan.bytes);
    for (size_t b = 0; b < a; ++b) {
      if (requests[a].last < requests[b].first || requests[b].last < requests[a].first) continue;
      EXPECT_TRUE(plan.offsets[a] + requests[a].bytes <= plan.offsets[b] ||
                  plan.offsets[b] + requests[b].bytes <= plan.offsets[a])
          << a << ", " << b;
    }
  }
}

}  // namespace
}  // namespace camnode
