#include "core/training/train/sampler.h"

#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

std::map<size_t, int> CountsOf(const std::vector<size_t>& order) {
  std::map<size_t, int> counts;
  for (const size_t film : order) ++counts[film];
  return counts;
}

TEST(SamplerTest, EveryFilmComesOnceInAnOrderOfItsSeed) {
  const std::vector<int> classes(50, 0);
  const auto order = EpochOrder(classes, {}, v1::SAMPLING_EVERY_FILM, 3);
  EXPECT_EQ(CountsOf(order).size(), 50u);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order, EpochOrder(classes, {}, v1::SAMPLING_EVERY_FILM, 3));
  EXPECT_NE(order, EpochOrder(classes, {}, v1::SAMPLING_EVERY_FILM, 4));
}

TEST(SamplerTest, BalancedClassesComeAlikeAndNoFilmTwiceBeforeAllWereSeen) {
  std::vector<int> classes(40, 1);
  for (int i = 0; i < 10; ++i) classes[i * 4] = 0;  // 10 against 30
  const auto order = EpochOrder(classes, {}, v1::SAMPLING_BALANCED, 5);
  ASSERT_EQ(order.size(), 40u);
  const auto counts = CountsOf(order);
  int small = 0;
  for (const auto& [film, count] : counts) {
    if (classes[film] == 0) {
      small += count;
      EXPECT_EQ(count, 2) << film;
    } else {
      EXPECT_EQ(count, 1) << film;
    }
  }
  EXPECT_EQ(small, 20);
}

TEST(SamplerTest, WeightsAreProbabilities) {
  std::vector<double> weights(1000, 1.0);
  weights[17] = 0.0;
  weights[500] = 250.0;
  const auto counts =
      CountsOf(EpochOrder(std::vector<int>(1000, 0), weights, v1::SAMPLING_WEIGHTED, 1));
  EXPECT_EQ(counts.count(17), 0u);
  // A fifth of 1000 draws, give or take four deviations.
  EXPECT_NEAR(counts.at(500), 200, 51);
}

}  // namespace
}  // namespace camnode
