#include "core/inference/input/preprocessor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

v1::Preprocessing Options(int side) {
  v1::Preprocessing options;
  options.set_input_size(side);
  options.set_geometry(v1::GEOMETRY_SQUASH);
  options.set_intensity(v1::INTENSITY_POLICY_FILE);
  for (const double mean : {0.5, 0.25, 0.0}) options.add_mean(mean);
  for (const double deviation : {0.5, 0.25, 1.0}) options.add_standard_deviation(deviation);
  return options;
}

v1::Preprocessing FixedWindow(double center, double width) {
  v1::Preprocessing options = Options(4);
  options.set_intensity(v1::INTENSITY_POLICY_FIXED_WINDOW);
  options.set_window_center(center);
  options.set_window_width(width);
  return options;
}

Radiograph Film(const cv::Mat1b& presentation) {
  Radiograph film;
  film.presentation = presentation;
  return film;
}

TEST(PreprocessorTest, ScalesByMeanAndDeviationOfEachChannel) {
  const auto input = Preprocess(Film(cv::Mat1b(4, 4, uint8_t{255})), Options(4));
  ASSERT_THAT(input, IsOk());
  ASSERT_EQ(input->image.sizes(), (std::vector<int64_t>{1, 3, 4, 4}));
  // White is 1: (1 - 0.5) / 0.5, (1 - 0.25) / 0.25, (1 - 0) / 1.
  EXPECT_TRUE(input->image[0][0].allclose(torch::full({4, 4}, 1.0f)));
  EXPECT_TRUE(input->image[0][1].allclose(torch::full({4, 4}, 3.0f)));
  EXPECT_TRUE(input->image[0][2].allclose(torch::full({4, 4}, 1.0f)));
}

TEST(PreprocessorTest, SquashesTheWholeFilmAndRemembersWhereItLay) {
  const auto input = Preprocess(Film(cv::Mat1b(30, 20, uint8_t{7})), Options(8));
  ASSERT_THAT(input, IsOk());
  EXPECT_EQ(input->image.size(2), 8);
  EXPECT_EQ(input->placement.film, cv::Size(20, 30));
  EXPECT_EQ(input->placement.region, cv::Rect2d(0, 0, 20, 30));
}

// Columns of 0 and 255 by turns: without antialiasing a quarter of the size would
// be all black or all white.
TEST(PreprocessorTest, AveragesInsteadOfSkippingWhenItShrinks) {
  cv::Mat1b stripes(32, 32, uint8_t{0});
  for (int column = 1; column < 32; column += 2) stripes.col(column).setTo(255);
  const auto input = Preprocess(Film(stripes), Options(8));
  ASSERT_THAT(input, IsOk());
  const torch::Tensor middle = input->image[0][2].slice(1, 1, 7);
  EXPECT_TRUE(middle.allclose(torch::full_like(middle, 0.5f), 0, 0.01)) << middle;
}

TEST(PreprocessorTest, TakesAFilmThatIsAPartOfALargerPicture) {
  cv::Mat1b picture(10, 10, uint8_t{0});
  picture(cv::Rect(2, 3, 4, 4)).setTo(255);
  const auto input = Preprocess(Film(picture(cv::Rect(2, 3, 4, 4))), Options(4));
  ASSERT_THAT(input, IsOk());
  EXPECT_FLOAT_EQ(input->image[0][2].min().item<float>(), 1.0f);
}

TEST(PreprocessorTest, CutsTheFixedWindowTo8BitsAsNumpyDid) {
  Radiograph film = Film(cv::Mat1b(1, 6, uint8_t{9}));
  // Window -360 to 440.
  film.modality_values = (cv::Mat1f(1, 6) << -1000, -360, 40, 41, 439.9f, 2000);
  const auto gray = ApplyIntensityPolicy(film, FixedWindow(40, 800));
  ASSERT_THAT(gray, IsOk());
  // 400/800 * 255 = 127.5 and 401/800 * 255 = 127.8 are cut, not rounded.
  EXPECT_THAT(std::vector<int>(gray->begin(), gray->end()),
              ::testing::ElementsAre(0, 0, 127, 127, 254, 255));
}

TEST(PreprocessorTest, TakesAPictureWithoutModalityValuesAsItIs) {
  const auto gray = ApplyIntensityPolicy(Film(cv::Mat1b(1, 2, uint8_t{200})), FixedWindow(40, 800));
  ASSERT_THAT(gray, IsOk());
  EXPECT_EQ((*gray)(0, 1), 200);
}

TEST(PreprocessorTest, ShowsTheFilmAsAReaderSeesItUnlessToldOtherwise) {
  Radiograph film = Film(cv::Mat1b(1, 1, uint8_t{77}));
  film.modality_values = cv::Mat1f(1, 1, 40.0f);
  EXPECT_EQ((*ApplyIntensityPolicy(film, Options(4)))(0, 0), 77);
  EXPECT_EQ((*ApplyIntensityPolicy(film, FixedWindow(40, 800)))(0, 0), 127);
}

// 100 x 50 into 8 x 8: 8 x 4 in the middle, two black rows above and below.  The
// square covers 100 x 100 film pixels, 25 of them above the film.
TEST(PreprocessorTest, LetterboxKeepsTheShapeAndSaysWhereTheFilmLies) {
  v1::Preprocessing options = Options(8);
  options.set_geometry(v1::GEOMETRY_LETTERBOX);
  const auto pixels = PreparePixels(Film(cv::Mat1b(50, 100, uint8_t{200})), options);
  ASSERT_THAT(pixels, IsOk());
  for (int row = 0; row < 8; ++row) {
    EXPECT_EQ(pixels->gray(row, 3), row >= 2 && row < 6 ? 200 : 0) << row;
  }
  EXPECT_EQ(pixels->placement.film, cv::Size(100, 50));
  EXPECT_EQ(pixels->placement.region, cv::Rect2d(0, -25, 100, 100));
}

// 10 x 7 into 4 x 4: 2.8 rows are rounded to 3, each of 7/3 film pixels; none is
// black above (half a row is cut), one below: 4 x 7/3 film rows in all.
TEST(PreprocessorTest, LetterboxPlacementIsThatOfTheRoundedSides) {
  v1::Preprocessing options = Options(4);
  options.set_geometry(v1::GEOMETRY_LETTERBOX);
  const auto pixels = PreparePixels(Film(cv::Mat1b(7, 10, uint8_t{9})), options);
  ASSERT_THAT(pixels, IsOk());
  EXPECT_EQ(pixels->gray(0, 0), 9);
  EXPECT_EQ(pixels->gray(2, 0), 9);
  EXPECT_EQ(pixels->gray(3, 0), 0);
  EXPECT_DOUBLE_EQ(pixels->placement.region.y, 0.0);
  EXPECT_DOUBLE_EQ(pixels->placement.region.width, 10.0);
  EXPECT_DOUBLE_EQ(pixels->placement.region.height, 4 * 7.0 / 3.0);
}

TEST(PreprocessorTest, ASquareFilmIsTheSameSquashedAndLetterboxed) {
  cv::Mat1b film(30, 30);
  cv::randu(film, 0, 256);
  v1::Preprocessing options = Options(8);
  const auto squashed = PreparePixels(Film(film), options);
  options.set_geometry(v1::GEOMETRY_LETTERBOX);
  const auto boxed = PreparePixels(Film(film), options);
  EXPECT_EQ(cv::norm(squashed->gray, boxed->gray, cv::NORM_INF), 0.0);
  EXPECT_EQ(squashed->placement.region, boxed->placement.region);
}

// 100 pixels of the values 50 to 149: 10 % is 59, 90 % is 139, so 99 becomes
// (99 - 59) / 80 x 255 = 127.5.
TEST(PreprocessorTest, PercentileNormalizationStretchesWhatCounts) {
  v1::Preprocessing options = Options(10);
  options.mutable_percentile_normalization()->set_low(10);
  options.mutable_percentile_normalization()->set_high(90);
  cv::Mat1b values(10, 10);
  for (int i = 0; i < 100; ++i) values(i / 10, i % 10) = static_cast<uint8_t>(50 + i);
  const auto pixels = PreparePixels(Film(values), options);
  ASSERT_THAT(pixels, IsOk());
  EXPECT_EQ(pixels->gray(0, 0), 0);
  EXPECT_EQ(pixels->gray(0, 9), 0);  // 59
  EXPECT_EQ(pixels->gray(1, 0), 3);  // 1 / 80 x 255
  EXPECT_NEAR(pixels->gray(4, 9), 127.5, 0.5);
  EXPECT_EQ(pixels->gray(8, 9), 255);  // 139
  EXPECT_EQ(pixels->gray(9, 9), 255);
}

TEST(PreprocessorTest, BackgroundDoesNotCountInPercentiles) {
  v1::Preprocessing options = Options(10);
  options.mutable_percentile_normalization()->set_low(0);
  options.mutable_percentile_normalization()->set_high(100);
  Radiograph film = Film(cv::Mat1b(10, 10, uint8_t{100}));
  film.presentation.row(0).setTo(120);
  film.presentation.row(9).setTo(255);  // A shutter, or padding.
  film.background = cv::Mat1b(10, 10, uint8_t{0});
  film.background.row(9).setTo(255);
  const auto pixels = PreparePixels(film, options);
  ASSERT_THAT(pixels, IsOk());
  EXPECT_EQ(pixels->gray(0, 0), 255) << "120 is the brightest that counts";
  EXPECT_EQ(pixels->gray(5, 5), 0);
}

TEST(PreprocessorTest, AFilmWithoutContrastIsNotStretched) {
  v1::Preprocessing options = Options(4);
  options.mutable_percentile_normalization()->set_low(1);
  options.mutable_percentile_normalization()->set_high(99);
  EXPECT_EQ(PreparePixels(Film(cv::Mat1b(4, 4, uint8_t{77})), options)->gray(1, 1), 77);
}

TEST(PreprocessorTest, RefusesAFilmWithoutPixels) {
  EXPECT_THAT(Preprocess(Radiograph(), Options(4)), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
