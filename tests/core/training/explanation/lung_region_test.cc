#include "core/training/explanation/lung_region.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "services/lab/film.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

const cv::Point kLeftLung(80, 120);
const cv::Point kRightLung(176, 120);

// A bright body on black, a brighter spine, and dark lungs.
cv::Mat1b Phantom(bool left, bool right) {
  cv::Mat1b film(256, 256, uint8_t{5});
  cv::rectangle(film, cv::Rect(16, 0, 224, 256), cv::Scalar(150), cv::FILLED);
  cv::rectangle(film, cv::Rect(118, 0, 20, 256), cv::Scalar(210), cv::FILLED);
  const cv::Size axes(32, 70);
  if (left) cv::ellipse(film, kLeftLung, axes, 0, 0, 360, cv::Scalar(60), cv::FILLED);
  if (right) cv::ellipse(film, kRightLung, axes, 0, 0, 360, cv::Scalar(60), cv::FILLED);
  return film;
}

// Intersection over union with the drawn lungs.
double Overlap(const LungRegion& region) {
  cv::Mat1b drawn(256, 256, uint8_t{0});
  for (const cv::Point& lung : {kLeftLung, kRightLung}) {
    cv::ellipse(drawn, lung, cv::Size(32, 70), 0, 0, 360, cv::Scalar(255), cv::FILLED);
  }
  return static_cast<double>(cv::countNonZero(cv::Mat1b(drawn & region.mask))) /
         cv::countNonZero(cv::Mat1b(drawn | region.mask));
}

TEST(LungRegionTest, FindsDrawnLungs) {
  const LungRegion region = FindLungs(Phantom(true, true));
  EXPECT_FALSE(region.fallback);
  EXPECT_GT(Overlap(region), 0.75);
  EXPECT_NEAR(region.area, 2 * 3.1416 * 32 * 70 / (256.0 * 256.0), 0.07);
  EXPECT_EQ(region.mask(200, 200), 0);
}

TEST(LungRegionTest, TakesTheOtherSidesMirrorImageWhereOneLungIsOpaque) {
  for (const bool left : {false, true}) {
    const LungRegion region = FindLungs(Phantom(left, !left));
    EXPECT_FALSE(region.fallback);
    EXPECT_GT(Overlap(region), 0.7) << (left ? "right" : "left") << " lung opaque";
  }
}

TEST(LungRegionTest, OfAFilmInAnotherSizeIsTheSame) {
  cv::Mat1b wide;
  cv::resize(Phantom(true, true), wide, cv::Size(700, 500), 0, 0, cv::INTER_LINEAR);
  EXPECT_GT(Overlap(FindLungs(wide)), 0.75);
}

TEST(LungRegionTest, SaysWhenItFellBackToThePrior) {
  for (const cv::Mat1b& film : {cv::Mat1b(), cv::Mat1b(100, 100, uint8_t{0}),
                                cv::Mat1b(1, 1, uint8_t{9}), Phantom(false, false)}) {
    const LungRegion region = FindLungs(film);
    EXPECT_TRUE(region.fallback);
    EXPECT_NEAR(region.area, 2 * 3.1416 * 0.15 * 0.31, 0.01);
    EXPECT_NE(region.mask(120, 77), 0);
    EXPECT_EQ(region.mask(120, 128), 0);
  }
}

ModelResult ResultWith(const cv::Mat1f& map) {
  ModelResult result;
  result.heatmap.values = map;
  result.placement = {cv::Size(500, 250), cv::Rect2d(0, 0, 500, 250)};
  return result;
}

TEST(LungRegionTest, AnEvenMapHasTheRegionsShareOfItsMassInTheLungs) {
  const LungRegion region = FindLungs(Phantom(true, true));
  const auto mass = MassInLungs(ResultWith(cv::Mat1f(7, 7, 2.0f)), region);
  ASSERT_TRUE(mass.has_value());
  EXPECT_NEAR(*mass, region.area, 1e-9);
  EXPECT_FALSE(MassInLungs(ResultWith(cv::Mat1f(7, 7, 0.0f)), region).has_value());
}

TEST(LungRegionTest, AMapOfOneCellHasItsMassAndPeakWhereTheCellIs) {
  const LungRegion region = FindLungs(Phantom(true, true));
  cv::Mat1f in_the_lung(8, 8, 0.0f);
  in_the_lung(3, 2) = 1.0f;  // About 31 % and 44 % of the film.
  EXPECT_GT(*MassInLungs(ResultWith(in_the_lung), region), 0.7);
  EXPECT_TRUE(PeakInLungs(ResultWith(in_the_lung), region));
  cv::Mat1f in_a_corner(8, 8, 0.0f);
  in_a_corner(7, 7) = 1.0f;
  EXPECT_LT(*MassInLungs(ResultWith(in_a_corner), region), 0.01);
  EXPECT_FALSE(PeakInLungs(ResultWith(in_a_corner), region));
}

// The frame is wider than the film: what lies on its borders is not on the film.
TEST(LungRegionTest, ReadsALetterboxedMapThroughItsPlacement) {
  const LungRegion region = FindLungs(Phantom(true, true));
  cv::Mat1f map(4, 4, 1.0f);
  map.row(0) = 100.0f;  // Above the film.
  map.row(3) = 100.0f;
  ModelResult result = ResultWith(map);
  result.placement.region = cv::Rect2d(0, -125, 500, 500);
  EXPECT_FALSE(PeakInLungs(result, region));
  // Between the cells' centres the border's weight reaches in; the middle rows count.
  EXPECT_LT(*MassInLungs(result, region), region.area + 0.05);
}

TEST(LungRegionTest, OnFilmsOfSmallChildrenIsRarelyThePriorAndLiesInTheMiddle) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/train/NORMAL");
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(TestDataPath("kermany224/train/NORMAL"))) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  paths.resize(std::min<size_t>(paths.size(), 60));
  int fallbacks = 0;
  for (const std::string& path : paths) {
    const auto film = ReadFilm(path);
    ASSERT_THAT(film, IsOk()) << path;
    const LungRegion region = FindLungs(film->presentation);
    fallbacks += region.fallback ? 1 : 0;
    const cv::Moments moments = cv::moments(region.mask, /*binaryImage=*/true);
    EXPECT_NEAR(moments.m10 / moments.m00, 128, 40) << path;
    EXPECT_NEAR(moments.m01 / moments.m00, 125, 45) << path;
    // The darkest corner of a film is air, not lung.
    EXPECT_EQ(region.mask(0, 0), 0) << path;
  }
  EXPECT_LE(fallbacks, 9);
}

}  // namespace
}  // namespace camnode
