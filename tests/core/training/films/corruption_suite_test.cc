#include "core/training/films/corruption_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <opencv2/core.hpp>
#include <set>

namespace camnode {
namespace {

using ::testing::SizeIs;

cv::Mat1b Ramp() {
  cv::Mat1b picture(224, 224);
  for (int y = 0; y < 224; ++y) {
    for (int x = 0; x < 224; ++x) picture(y, x) = static_cast<uint8_t>(16 + x / 2 + y / 4);
  }
  return picture;
}

cv::Mat1b Made(CorruptionKind kind, double strength, const cv::Mat1b& picture) {
  return Corrupt({"", kind, strength}, picture);
}

TEST(CorruptionSuiteTest, ChangesEveryPictureAndNotItsSize) {
  std::set<std::string> names;
  for (const Corruption& corruption : CorruptionSuite()) {
    names.insert(corruption.name);
    cv::Mat1b picture = Ramp();
    picture(100, 100) = 255;
    const cv::Mat1b changed = Corrupt(corruption, picture);
    EXPECT_EQ(changed.size(), picture.size()) << corruption.name;
    EXPECT_GT(cv::norm(changed, picture, cv::NORM_L1), 0.0) << corruption.name;
  }
  EXPECT_THAT(names, SizeIs(12));
}

TEST(CorruptionSuiteTest, DoesWhatEachNameSays) {
  const cv::Mat1b ramp = Ramp();
  EXPECT_EQ(Made(CorruptionKind::kContrast, 1.5, ramp)(0, 0), 0);   // (16 - 127.5) 1.5 + 127.5 < 0
  EXPECT_EQ(Made(CorruptionKind::kContrast, 0.5, ramp)(0, 0), 72);  // 71.75
  EXPECT_EQ(Made(CorruptionKind::kGamma, 2.0, ramp)(0, 0), 1);      // 16^2 / 255 = 1.004
  // The middle stays, and what was 50 pixels from it is 62.5 from it.
  const cv::Mat1b wide = Made(CorruptionKind::kWider, 1.25, ramp);
  EXPECT_NEAR(wide(112, 112), ramp(112, 112), 1);
  EXPECT_NEAR(wide(112, 174), ramp(112, 162), 1);
  EXPECT_NEAR(Made(CorruptionKind::kTaller, 1.25, ramp)(174, 112), ramp(162, 112), 1);
  cv::Mat1b point(224, 224, uint8_t{0});
  point(112, 112) = 200;
  const int blurred = Made(CorruptionKind::kBlur, 1.0, point)(112, 112);
  EXPECT_NEAR(blurred, 200 / 6.283, 2);  // 200 / (2 pi)
  EXPECT_GT(Made(CorruptionKind::kSharpening, 1.0, point)(112, 112), 250);
  EXPECT_LT(Made(CorruptionKind::kLowResolution, 0.5, point)(112, 112), 60);
}

}  // namespace
}  // namespace camnode
