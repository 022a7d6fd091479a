#include "core/training/train/augmentation.h"

#include <algorithm>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "gtest/gtest.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

cv::Mat1b Film() {
  cv::Mat1b film(96, 96);
  for (int y = 0; y < film.rows; ++y) {
    for (int x = 0; x < film.cols; ++x) film(y, x) = static_cast<uint8_t>(40 + x + y / 2);
  }
  cv::circle(film, {30, 60}, 10, cv::Scalar(220), -1);
  return film;
}

bool Same(const cv::Mat1b& a, const cv::Mat1b& b) { return cv::norm(a, b, cv::NORM_INF) == 0.0; }

v1::Augmentation Everything() {
  v1::Augmentation a;
  a.set_rotation_degrees(6);
  a.set_min_scale(0.8);
  a.set_max_scale(1.2);
  a.set_aspect(0.25);
  a.set_shift(0.1);
  a.set_flip(0.5);
  a.set_log_gamma(0.7);
  a.set_contrast(0.45);
  a.set_brightness(0.1);
  a.set_resampling_probability(0.5);
  a.set_min_resampling(0.35);
  a.set_blur_probability(0.3);
  a.set_max_blur_pixels(2);
  a.set_sharpen_probability(0.3);
  a.set_max_sharpen(1.5);
  a.set_max_noise_levels(8);
  a.set_erasing_probability(0.5);
  a.set_max_erased_area(0.2);
  return a;
}

TEST(AugmentationTest, WithoutRangesAFilmStaysAsItIs) {
  EXPECT_TRUE(Same(Augment(Film(), v1::Augmentation(), 1), Film()));
}

TEST(AugmentationTest, TheSameSeedGivesTheSamePixelsAndAnotherOthers) {
  const cv::Mat1b film = Film();
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const cv::Mat1b changed = Augment(film, Everything(), seed);
    EXPECT_TRUE(Same(changed, Augment(film, Everything(), seed))) << seed;
    EXPECT_FALSE(Same(changed, Augment(film, Everything(), seed + 1))) << seed;
    EXPECT_EQ(changed.size(), film.size());
  }
  EXPECT_TRUE(Same(film, Film())) << "the film itself was changed";
}

TEST(AugmentationTest, AChangeSwitchedOffLeavesTheOthersAsTheyWere) {
  v1::Augmentation turned;
  turned.set_rotation_degrees(6);
  v1::Augmentation turned_and_erased = turned;
  turned_and_erased.set_erasing_probability(1.0);
  turned_and_erased.set_max_erased_area(0.1);
  const cv::Mat1b a = Augment(Film(), turned, 9);
  const cv::Mat1b b = Augment(Film(), turned_and_erased, 9);
  EXPECT_FALSE(Same(a, b));
  // All but one rectangle is equal.
  cv::Mat1b differs;
  cv::compare(a, b, differs, cv::CMP_NE);
  EXPECT_LE(cv::boundingRect(differs).area(), 0.11 * 96 * 96);
}

TEST(AugmentationTest, FlippedFilmsAreMirrored) {
  v1::Augmentation flip;
  flip.set_flip(1.0);
  cv::Mat1b mirrored;
  cv::flip(Film(), mirrored, 1);
  EXPECT_TRUE(Same(Augment(Film(), flip, 4), mirrored));
}

TEST(AugmentationTest, ShiftsStayWithinTheirShare) {
  cv::Mat1b point(100, 100, uint8_t{0});
  point(50, 50) = 255;
  v1::Augmentation shift;
  shift.set_shift(0.1);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    cv::Point brightest;
    cv::minMaxLoc(Augment(point, shift, seed), nullptr, nullptr, nullptr, &brightest);
    EXPECT_LE(std::abs(brightest.x - 50), 10);
    EXPECT_LE(std::abs(brightest.y - 50), 10);
  }
}

TEST(AugmentationTest, NoiseHasTheDeviationThatWasDrawn) {
  v1::Augmentation noise;
  noise.set_max_noise_levels(10);
  const cv::Mat1b gray(128, 128, uint8_t{128});
  double largest = 0.0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    cv::Scalar mean;
    cv::Scalar deviation;
    cv::meanStdDev(Augment(gray, noise, seed), mean, deviation);
    EXPECT_NEAR(mean[0], 128.0, 0.5);
    largest = std::max(largest, deviation[0]);
  }
  EXPECT_GT(largest, 8.5);
  EXPECT_LT(largest, 10.2);
}

}  // namespace
}  // namespace camnode
