#include "core/training/explanation/baseline_maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace camnode {
namespace {

std::vector<float> Cells(const cv::Mat1f& map) { return {map.begin(), map.end()}; }

TEST(BaselineMapsTest, ARandomMapOrdersEveryCellAndAnotherSeedOtherwise) {
  const std::vector<float> cells = Cells(RandomMap({7, 7}, 5));
  std::vector<float> sorted = cells;
  std::sort(sorted.begin(), sorted.end());
  for (int i = 0; i < 49; ++i) EXPECT_EQ(sorted[static_cast<size_t>(i)], i + 1);
  EXPECT_EQ(cells, Cells(RandomMap({7, 7}, 5)));
  EXPECT_NE(cells, Cells(RandomMap({7, 7}, 6)));
}

TEST(BaselineMapsTest, TheCentreMapFallsFromTheMiddleAlikeToAllSides) {
  const cv::Mat1f map = CentreMap({5, 5});
  EXPECT_FLOAT_EQ(map(2, 2), 1.0f);
  EXPECT_LT(map(2, 1), map(2, 2));
  EXPECT_LT(map(2, 0), map(2, 1));
  EXPECT_FLOAT_EQ(map(0, 2), map(2, 4));
}

TEST(BaselineMapsTest, TheMeanOfOthersLeavesTheFilmItselfOut) {
  const cv::Mat1f left = (cv::Mat1f(1, 2) << 4.0f, 0.0f);
  const cv::Mat1f right = (cv::Mat1f(1, 2) << 0.0f, 1.0f);
  const cv::Mat1f empty(1, 2, 0.0f);
  const std::vector<cv::Mat1f> means = MeansOfOthers({left, right, empty});
  // Each map is scaled to sum 1 first; the empty one adds nothing.
  EXPECT_THAT(Cells(means[0]), ::testing::ElementsAre(0.0f, 0.5f));
  EXPECT_THAT(Cells(means[1]), ::testing::ElementsAre(0.5f, 0.0f));
  EXPECT_THAT(Cells(means[2]), ::testing::ElementsAre(0.5f, 0.5f));
}

}  // namespace
}  // namespace camnode
