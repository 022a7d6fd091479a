// Pictures of 16 x 16 whose statistics can be counted: strips are one pixel wide there
// and corners 2 x 2.

#include "core/training/shortcut_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <opencv2/core.hpp>
#include <string>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

std::map<std::string, double> Named(const std::vector<double>& statistics) {
  const auto names = ShortcutStatisticNames(statistics.size() > kPictureStatistics);
  EXPECT_EQ(names.size(), statistics.size());
  std::map<std::string, double> named;
  for (std::size_t i = 0; i < statistics.size(); ++i) named[names[i]] = statistics[i];
  return named;
}

// Left half 0, right half 200.
cv::Mat1b Halves() {
  cv::Mat1b picture(16, 16, uint8_t{0});
  picture.colRange(8, 16) = 200;
  return picture;
}

TEST(ShortcutStatisticsTest, AnEvenPictureHasABrightnessAndNothingElse) {
  const auto statistics = ShortcutStatistics(cv::Mat1b(16, 16, uint8_t{100}));
  ASSERT_THAT(statistics, IsOk());
  ASSERT_EQ(statistics->size(), 26u);
  for (const auto& [name, value] : Named(*statistics)) {
    const bool brightness = name == "mean" || name.find("percentile") == 0 ||
                            name.find("_mean") != std::string::npos || name.find("corner") == 0;
    EXPECT_EQ(value, brightness ? 100.0 : 0.0) << name;
  }
}

TEST(ShortcutStatisticsTest, CountsAnEdgeByHand) {
  const auto statistics = ShortcutStatistics(Halves());
  ASSERT_THAT(statistics, IsOk());
  auto named = Named(*statistics);
  EXPECT_DOUBLE_EQ(named["mean"], 100.0);
  EXPECT_DOUBLE_EQ(named["deviation"], 100.0);
  EXPECT_EQ(named["percentile_25"], 0.0);
  EXPECT_EQ(named["percentile_50"], 0.0);
  EXPECT_EQ(named["percentile_75"], 200.0);
  EXPECT_DOUBLE_EQ(named["entropy_bits"], 1.0);
  // One of 15 differences in each row.
  EXPECT_DOUBLE_EQ(named["gradient_x"], 200.0 / 15);
  EXPECT_EQ(named["gradient_y"], 0.0);
  EXPECT_NEAR(named["gradient_deviation"], std::sqrt(40000.0 / 15 - 40000.0 / 225), 1e-9);
  // Two columns of the inner 14, one up, one down.
  EXPECT_DOUBLE_EQ(named["laplacian_energy"], std::log1p(2 * 40000.0 / 14));
  EXPECT_DOUBLE_EQ(named["detail_falloff"],
                   std::log1p(2 * 40000.0 / 28) - std::log1p(40000.0 / 30));
  EXPECT_EQ(named["top_mean"], 100.0);
  EXPECT_EQ(named["left_mean"], 0.0);
  EXPECT_EQ(named["right_mean"], 200.0);
  EXPECT_EQ(named["bottom_deviation"], 100.0);
  EXPECT_EQ(named["left_deviation"], 0.0);
  EXPECT_EQ(named["corner_top_left"], 0.0);
  EXPECT_EQ(named["corner_top_right"], 200.0);
  EXPECT_EQ(named["corner_bottom_right"], 200.0);
  EXPECT_EQ(named["asymmetry"], 200.0);
}

TEST(ShortcutStatisticsTest, TurningThePictureSwapsTheDirections) {
  auto across = Named(*ShortcutStatistics(Halves()));
  cv::Mat1b turned;
  cv::transpose(Halves(), turned);
  auto down = Named(*ShortcutStatistics(turned));
  EXPECT_EQ(down["gradient_y"], across["gradient_x"]);
  EXPECT_EQ(down["gradient_x"], across["gradient_y"]);
  EXPECT_EQ(down["top_mean"], across["left_mean"]);
  EXPECT_EQ(down["bottom_mean"], across["right_mean"]);
  EXPECT_EQ(down["top_deviation"], across["left_deviation"]);
  EXPECT_EQ(down["right_deviation"], across["bottom_deviation"]);
  EXPECT_EQ(down["corner_bottom_left"], across["corner_top_right"]);
  EXPECT_EQ(down["laplacian_energy"], across["laplacian_energy"]);
  EXPECT_EQ(down["detail_falloff"], across["detail_falloff"]);
  EXPECT_EQ(down["asymmetry"], 0.0);
}

TEST(ShortcutStatisticsTest, TheOriginalsSizeAddsPixelsAndAspect) {
  const auto statistics = ShortcutStatistics(Halves(), OriginalSize{1000, 500});
  ASSERT_THAT(statistics, IsOk());
  auto named = Named(*statistics);
  EXPECT_EQ(named.size(), 28u);
  EXPECT_NEAR(named["log_pixels"], std::log(500000.0), 1e-12);
  EXPECT_NEAR(named["log_aspect"], std::log(2.0), 1e-12);
}

// A view into a larger picture is not continuous.
TEST(ShortcutStatisticsTest, ReadsAPartOfAPicture) {
  cv::Mat1b larger(40, 40, uint8_t{77});
  cv::Mat1b part = larger(cv::Rect(3, 5, 16, 16));
  Halves().copyTo(part);
  EXPECT_EQ(*ShortcutStatistics(part), *ShortcutStatistics(Halves()));
}

TEST(ShortcutStatisticsTest, RefusesPicturesThatAreNotSquareOrTooSmall) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ShortcutStatistics(cv::Mat1b()), refused);
  EXPECT_THAT(ShortcutStatistics(cv::Mat1b(15, 15, uint8_t{0})), refused);
  EXPECT_THAT(ShortcutStatistics(cv::Mat1b(16, 17, uint8_t{0})), refused);
  EXPECT_THAT(ShortcutStatistics(Halves(), OriginalSize{0, 5}), refused);
}

}  // namespace
}  // namespace camnode
