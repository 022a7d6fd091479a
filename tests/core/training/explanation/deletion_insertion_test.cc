// A film of 4 x 4 cells, one of which has texture that blurring takes away, before a
// network that counts texture.

#include "core/training/explanation/deletion_insertion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <opencv2/core.hpp>

#include "core/training/explanation/baseline_maps.h"
#include "tests/core/training/explanation/texture_model.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

const cv::Rect kUpperLeftCell(0, 0, 1, 1);

cv::Mat1f MapOf(cv::Point cell) {
  cv::Mat1f map(kTextureCells, kTextureCells, 0.0f);
  map(cell) = 1.0f;
  return map;
}

FilmCurves Measure(TextureModel& model, const cv::Rect& textured,
                   const std::vector<cv::Mat1f>& maps, int steps) {
  const ClassifierInput input = *model.Prepare(TexturedFilm(textured));
  const auto curves =
      MeasureDeletionInsertion(model, input, maps, RandomMap({kTextureCells, kTextureCells}, 1),
                               {steps, 0.1, FillKind::kBlur}, 1);
  EXPECT_THAT(curves, IsOk());
  return *curves;
}

TEST(DeletionInsertionTest, OrdersPixelsByTheMapAndEqualOnesByTheOther) {
  const cv::Mat1f map = (cv::Mat1f(1, 4) << 0.0f, 2.0f, 0.0f, 3.0f);
  const cv::Mat1f ties = (cv::Mat1f(1, 4) << 1.0f, 2.0f, 3.0f, 4.0f);
  const std::vector<int> order = PixelOrder(map, ties, 4);
  ASSERT_EQ(order.size(), 16u);
  // Column 3 is strongest, then 1; of the two without evidence 2 comes before 0.
  const auto column = [&order](size_t place) { return order[place] % 4; };
  EXPECT_EQ(column(0), 3);
  EXPECT_EQ(column(4), 1);
  EXPECT_EQ(column(8), 2);
  EXPECT_EQ(column(12), 0);
}

TEST(DeletionInsertionTest, AMapThatNamesTheTextureBeatsOneThatNamesAnotherPlace) {
  TextureModel model(EqualWeights());
  const FilmCurves film = Measure(model, kUpperLeftCell, {MapOf({0, 0}), MapOf({3, 3})}, 8);

  EXPECT_GT(film.whole_logit, 3.0);
  EXPECT_LT(film.deleted_logit, 0.5);
  EXPECT_FALSE(film.at_scale_floor);
  EXPECT_GT(film.maps[0].insertion, 0.85);
  EXPECT_LT(film.maps[0].deletion, 0.15);
  EXPECT_LT(film.maps[1].score, 0.3);
  EXPECT_DOUBLE_EQ(film.maps[0].score, film.maps[0].insertion - film.maps[0].deletion);
}

TEST(DeletionInsertionTest, CurvesRunBetweenTheBlurredAndTheWholeFilm) {
  TextureModel model(EqualWeights());
  const FilmCurves film = Measure(model, kUpperLeftCell, {MapOf({0, 0})}, 4);
  const DeletionInsertion& curves = film.maps[0];
  ASSERT_EQ(curves.insertion_curve.size(), 5u);
  ASSERT_EQ(curves.deletion_curve.size(), 5u);
  EXPECT_DOUBLE_EQ(curves.insertion_curve.front(), 0.0);
  EXPECT_DOUBLE_EQ(curves.insertion_curve.back(), 1.0);
  EXPECT_DOUBLE_EQ(curves.deletion_curve.front(), 1.0);
  EXPECT_DOUBLE_EQ(curves.deletion_curve.back(), 0.0);
  // A quarter of the pixels, map first, holds the whole cell.
  EXPECT_NEAR(curves.insertion_curve[1], 1.0, 0.05);
  EXPECT_EQ(model.films_classified, 2 + 2 * 3);
}

// Blur as the finding: the network counts texture against it.
TEST(DeletionInsertionTest, TheOrderOfMapsStandsWhereTheDeletedFilmHasTheHigherLogit) {
  cv::Mat1f weights(kTextureCells, kTextureCells, -1.0f);
  weights(0, 0) = 0.0f;  // The one cell that does not speak against it.
  TextureModel model(weights);
  const FilmCurves film = Measure(model, cv::Rect(0, 0, 4, 4), {MapOf({0, 0}), MapOf({3, 3})}, 8);
  EXPECT_GT(film.deleted_logit, film.whole_logit);
  EXPECT_GT(film.maps[0].score, film.maps[1].score + 0.05);
  EXPECT_LT(film.maps[0].insertion_curve.back(), 0.0);
}

TEST(DeletionInsertionTest, AMapThatSaysNothingScoresAsTheRandomOneDoes) {
  TextureModel model(EqualWeights());
  const cv::Mat1f random = RandomMap({kTextureCells, kTextureCells}, 1);
  const cv::Mat1f empty(kTextureCells, kTextureCells, 0.0f);
  const FilmCurves film = Measure(model, kUpperLeftCell, {empty, random}, 8);
  EXPECT_EQ(film.maps[0].insertion_curve, film.maps[1].insertion_curve);
  EXPECT_EQ(film.maps[0].score, film.maps[1].score);
}

TEST(DeletionInsertionTest, AFilmThatBlurringHardlyChangesIsScaledByTheFloor) {
  TextureModel model(cv::Mat1f(kTextureCells, kTextureCells, 0.01f));
  const FilmCurves film = Measure(model, kUpperLeftCell, {MapOf({0, 0})}, 8);
  EXPECT_TRUE(film.at_scale_floor);
  EXPECT_LT(film.maps[0].score, 0.05);
}

TEST(DeletionInsertionTest, BlurringKeepsAnEvenFilmAndLevelsATexturedOne) {
  TextureModel model(EqualWeights());
  const ClassifierInput even = *model.Prepare(TexturedFilm({}));
  for (const float pixel : Blurred(even, 0.1).image) EXPECT_NEAR(pixel, even.image[0], 1e-6);
  const ClassifierInput textured = Blurred(*model.Prepare(TexturedFilm(cv::Rect(0, 0, 4, 4))), 0.1);
  const auto [low, high] = std::minmax_element(textured.image.begin(), textured.image.end());
  EXPECT_GT(*low, 0.45f);
  EXPECT_LT(*high, 0.55f);
}

// Half checkerboard, half gray: the texture is spread over all of it.
TEST(DeletionInsertionTest, TheTextureFillIsAsBrightAndAsSharpAsTheFilmAndElsewhere) {
  TextureModel model(EqualWeights());
  const ClassifierInput film = *model.Prepare(TexturedFilm(cv::Rect(0, 0, 2, 4)));
  const DeletionInsertionOptions options;
  const ClassifierInput deleted = Deleted(film, options, 7);
  const auto plane = [](const ClassifierInput& input) {
    return cv::Mat1f(kTextureSide, kTextureSide, const_cast<float*>(input.image.data())).clone();
  };
  cv::Scalar mean, deviation, deleted_mean, deleted_deviation, gray_mean, gray_deviation;
  cv::meanStdDev(plane(film), mean, deviation);
  cv::meanStdDev(plane(deleted), deleted_mean, deleted_deviation);
  EXPECT_NEAR(deleted_mean[0], mean[0], 0.03);
  EXPECT_NEAR(deleted_deviation[0], deviation[0], 0.1);
  cv::meanStdDev(plane(deleted).colRange(kTextureSide / 2, kTextureSide), gray_mean,
                 gray_deviation);
  EXPECT_GT(gray_deviation[0], 0.15) << "the gray half has no texture yet";
  // The channels stay alike, another seed draws other phases.
  EXPECT_NEAR(deleted.image[5], deleted.image[5 + kTextureSide * kTextureSide], 1e-5);
  EXPECT_EQ(deleted.image, Deleted(film, options, 7).image);
  EXPECT_NE(deleted.image, Deleted(film, options, 8).image);
}

TEST(DeletionInsertionTest, AReversedOrderHasTheOppositeScore) {
  TextureModel model(EqualWeights());
  const cv::Mat1f forward = RandomMap({kTextureCells, kTextureCells}, 4);
  const cv::Mat1f backward(17.0f - forward);
  const FilmCurves film = Measure(model, cv::Rect(1, 0, 2, 2), {forward, backward}, 8);
  EXPECT_NEAR(film.maps[0].score, -film.maps[1].score, 0.02);
}

}  // namespace
}  // namespace camnode
