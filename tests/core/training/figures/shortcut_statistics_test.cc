// Pictures of 56 x 56 whose statistics can be counted: strips are three pixels wide there
// and "far" is two pixels.

#include "core/training/figures/shortcut_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <string>

#include "absl/status/status.h"
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
  cv::Mat1b picture(56, 56, uint8_t{0});
  picture.colRange(28, 56) = 200;
  return picture;
}

TEST(ShortcutStatisticsTest, AnEvenPictureHasABrightnessAndNothingElse) {
  const auto statistics = ShortcutStatistics(cv::Mat1b(56, 56, uint8_t{100}));
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
  EXPECT_DOUBLE_EQ(named["middle_mean"], 100.0);
  EXPECT_DOUBLE_EQ(named["middle_deviation"], 100.0);
  // One of 55 differences in each row, two of 54 second differences and of 54 far ones.
  EXPECT_DOUBLE_EQ(named["detail_across"], std::log1p(200.0 / 55));
  EXPECT_DOUBLE_EQ(named["fine_detail_across"], std::log1p(400.0 / 54));
  EXPECT_DOUBLE_EQ(named["coarse_detail_across"], std::log1p(400.0 / 54));
  EXPECT_EQ(named["detail_down"], 0.0);
  EXPECT_EQ(named["fine_detail_down"], 0.0);
  EXPECT_EQ(named["coarse_detail_down"], 0.0);
  EXPECT_EQ(named["top_mean"], 100.0);
  EXPECT_EQ(named["left_mean"], 0.0);
  EXPECT_EQ(named["right_mean"], 200.0);
  EXPECT_EQ(named["bottom_deviation"], 100.0);
  EXPECT_EQ(named["left_deviation"], 0.0);
  EXPECT_EQ(named["upper_less_lower"], 0.0);
  EXPECT_EQ(named["asymmetry"], 200.0);
}

// Columns that alternate have no detail two pixels apart, and the most between neighbours.
TEST(ShortcutStatisticsTest, TellsFineDetailFromCoarse) {
  cv::Mat1b stripes(56, 56, uint8_t{10});
  for (int x = 1; x < 56; x += 2) stripes.col(x) = 30;
  const auto statistics = ShortcutStatistics(stripes);
  ASSERT_THAT(statistics, IsOk());
  auto named = Named(*statistics);
  EXPECT_DOUBLE_EQ(named["detail_across"], std::log1p(20.0));
  EXPECT_DOUBLE_EQ(named["fine_detail_across"], std::log1p(40.0));
  EXPECT_EQ(named["coarse_detail_across"], 0.0);
}

// Levels 1 to 56, one a row.
TEST(ShortcutStatisticsTest, CountsARampByHand) {
  cv::Mat1b ramp(56, 56);
  for (uint8_t y = 0; y < 56; ++y) ramp.row(y) = static_cast<uint8_t>(y + 1);
  const auto statistics = ShortcutStatistics(ramp);
  ASSERT_THAT(statistics, IsOk());
  auto named = Named(*statistics);
  EXPECT_DOUBLE_EQ(named["mean"], 28.5);
  EXPECT_NEAR(named["deviation"], std::sqrt((56.0 * 56.0 - 1.0) / 12.0), 1e-9);
  EXPECT_EQ(named["percentile_1"], 1.0);
  EXPECT_EQ(named["percentile_25"], 14.0);
  EXPECT_EQ(named["percentile_99"], 56.0);
  EXPECT_NEAR(named["entropy_bits"], std::log2(56.0), 1e-12);
  EXPECT_DOUBLE_EQ(named["middle_mean"], 28.5);
  EXPECT_NEAR(named["middle_deviation"], std::sqrt((28.0 * 28.0 - 1.0) / 12.0), 1e-9);
  EXPECT_DOUBLE_EQ(named["detail_down"], std::log1p(1.0));
  EXPECT_DOUBLE_EQ(named["fine_detail_down"], 0.0);
  EXPECT_DOUBLE_EQ(named["coarse_detail_down"], std::log1p(2.0));
  EXPECT_DOUBLE_EQ(named["top_mean"], 2.0);
  EXPECT_DOUBLE_EQ(named["bottom_mean"], 55.0);
  EXPECT_NEAR(named["top_deviation"], std::sqrt(2.0 / 3.0), 1e-12);
  EXPECT_DOUBLE_EQ(named["upper_less_lower"], -28.0);
}

TEST(ShortcutStatisticsTest, TurningThePictureSwapsTheDirections) {
  auto across = Named(*ShortcutStatistics(Halves()));
  cv::Mat1b turned;
  cv::transpose(Halves(), turned);
  auto down = Named(*ShortcutStatistics(turned));
  EXPECT_EQ(down["detail_down"], across["detail_across"]);
  EXPECT_EQ(down["detail_across"], across["detail_down"]);
  EXPECT_EQ(down["fine_detail_down"], across["fine_detail_across"]);
  EXPECT_EQ(down["coarse_detail_down"], across["coarse_detail_across"]);
  EXPECT_EQ(down["top_mean"], across["left_mean"]);
  EXPECT_EQ(down["bottom_mean"], across["right_mean"]);
  EXPECT_EQ(down["top_deviation"], across["left_deviation"]);
  EXPECT_EQ(down["right_deviation"], across["bottom_deviation"]);
  EXPECT_EQ(down["upper_less_lower"], -200.0);
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
  cv::Mat1b larger(80, 80, uint8_t{77});
  cv::Mat1b part = larger(cv::Rect(3, 5, 56, 56));
  Halves().copyTo(part);
  EXPECT_EQ(*ShortcutStatistics(part), *ShortcutStatistics(Halves()));
}

TEST(ShortcutStatisticsTest, RefusesPicturesThatAreNotSquareOrTooSmall) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ShortcutStatistics(cv::Mat1b()), refused);
  EXPECT_THAT(ShortcutStatistics(cv::Mat1b(27, 27, uint8_t{0})), refused);
  EXPECT_THAT(ShortcutStatistics(cv::Mat1b(56, 57, uint8_t{0})), refused);
  EXPECT_THAT(ShortcutStatistics(Halves(), OriginalSize{0, 5}), refused);
}

}  // namespace
}  // namespace camnode
