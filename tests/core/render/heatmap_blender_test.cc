// Maps are laid over films small enough to work out on paper: a 2x2 map on an 8x8
// film.  A cell is 4 pixels wide, so its centre lies between its second and third
// pixel; pixel x has its centre at x + 0.5, which is (x + 0.5) / 4 - 0.5 cells from
// the first cell's centre, kept within 0 to 1:
//
//   x:      0    1    2      3      4      5      6    7
//   share:  0    0    0.125  0.375  0.625  0.875  1    1     of the second cell
// Also: colormap.

#include "core/render/heatmap_blender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/render/colormap.h"

namespace camnode {
namespace {

constexpr uint8_t kGray = 100;

cv::Mat1b GrayFilm(int width, int height) {
  cv::Mat1b film(height, width);
  film.setTo(kGray);
  return film;
}

Heatmap Map2x2(float a, float b, float c, float d, float peak) {
  Heatmap map;
  map.values = (cv::Mat1f(2, 2) << a, b, c, d);
  map.peak = peak;
  return map;
}

Placement WholeFilm(int width, int height) {
  return {cv::Size(width, height), cv::Rect2d(0, 0, width, height)};
}

// film + alpha * v * (colour(v) - film), rounded.
cv::Vec3b Expected(double v, double alpha) {
  const cv::Vec3b& colour = HeatColours()[static_cast<size_t>(v * 255.0 + 0.5)];
  cv::Vec3b expected;
  for (int k = 0; k < 3; ++k) {
    expected[k] = cv::saturate_cast<uint8_t>(kGray + alpha * v * (colour[k] - kGray));
  }
  return expected;
}

TEST(HeatmapBlenderTest, IsBilinearBetweenTheCentresOfCells) {
  // Left column 0, right column the peak (4 logits).
  const cv::Mat3b picture =
      BlendHeatmap(GrayFilm(8, 8), Map2x2(0.0f, 4.0f, 0.0f, 4.0f, 4.0f), WholeFilm(8, 8), 0.4);

  const double shares[] = {0.0, 0.0, 0.125, 0.375, 0.625, 0.875, 1.0, 1.0};
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      EXPECT_EQ(picture(y, x), Expected(shares[x], 0.4)) << x << ", " << y;
    }
  }
}

TEST(HeatmapBlenderTest, RowsAreRowsAndColumnsAreColumns) {
  // Only the lower left cell argues.
  const cv::Mat3b picture =
      BlendHeatmap(GrayFilm(8, 8), Map2x2(0.0f, 0.0f, 1.0f, 0.0f, 1.0f), WholeFilm(8, 8), 1.0);

  EXPECT_EQ(picture(7, 0), Expected(1.0, 1.0));
  EXPECT_EQ(picture(0, 0), Expected(0.0, 1.0));
  EXPECT_EQ(picture(7, 7), Expected(0.0, 1.0));
  EXPECT_EQ(picture(0, 7), Expected(0.0, 1.0));
}

TEST(HeatmapBlenderTest, LeavesTheFilmExactlyAsItWasWhereTheMapIsZero) {
  cv::Mat1b film(8, 8);
  for (int i = 0; i < 64; ++i) film(i / 8, i % 8) = static_cast<uint8_t>(4 * i);

  const cv::Mat3b picture =
      BlendHeatmap(film, Map2x2(0.0f, 2.0f, 0.0f, 2.0f, 2.0f), WholeFilm(8, 8), 1.0);

  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 2; ++x) {
      EXPECT_EQ(picture(y, x), cv::Vec3b::all(film(y, x))) << x << ", " << y;
    }
  }
}

TEST(HeatmapBlenderTest, AMapWithoutEvidenceChangesNothing) {
  const cv::Mat3b picture =
      BlendHeatmap(GrayFilm(8, 8), Map2x2(0.0f, 0.0f, 0.0f, 0.0f, 0.0f), WholeFilm(8, 8), 1.0);
  for (const cv::Vec3b& pixel : picture) EXPECT_EQ(pixel, cv::Vec3b::all(kGray));
}

TEST(HeatmapBlenderTest, OnlyTheShareOfThePeakCounts) {
  const auto with_peak = [](float peak) {
    return BlendHeatmap(GrayFilm(8, 8), Map2x2(0.0f, peak, 0.0f, 0.5f * peak, peak),
                        WholeFilm(8, 8), 0.5);
  };
  const cv::Mat3b faint = with_peak(0.125f);
  const cv::Mat3b bold = with_peak(8.0f);
  EXPECT_TRUE(std::equal(faint.begin(), faint.end(), bold.begin()));
}

// A film that was cropped to its middle for the network: the rest was not seen.
TEST(HeatmapBlenderTest, NothingIsDrawnOutsideTheRegion) {
  const Placement middle = {cv::Size(8, 8), cv::Rect2d(2, 2, 4, 4)};
  const cv::Mat3b picture =
      BlendHeatmap(GrayFilm(8, 8), Map2x2(1.0f, 1.0f, 1.0f, 1.0f, 1.0f), middle, 1.0);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const bool inside = x >= 2 && x < 6 && y >= 2 && y < 6;
      EXPECT_EQ(picture(y, x), Expected(inside ? 1.0 : 0.0, 1.0)) << x << ", " << y;
    }
  }
}

// A film of 8 x 4 in the middle of a square: the centres of the two rows of cells lie on
// the film's upper and lower edge, and the borders are not drawn.
TEST(HeatmapBlenderTest, ALetterboxedMapComesToLieWhereTheNetworkSawTheFilm) {
  const Placement letterboxed = {cv::Size(8, 4), cv::Rect2d(0, -2, 8, 8)};
  const cv::Mat3b picture =
      BlendHeatmap(GrayFilm(8, 4), Map2x2(0.0f, 0.0f, 4.0f, 4.0f, 4.0f), letterboxed, 0.4);
  const double shares[] = {0.125, 0.375, 0.625, 0.875};
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 8; ++x) EXPECT_EQ(picture(y, x), Expected(shares[y], 0.4)) << y;
  }
}

TEST(HeatmapBlenderTest, AReducedFilmIsColouredAtTheSamePlaces) {
  // The film of the placement was 16x16; the picture shows it at half size.
  const cv::Mat3b half =
      BlendHeatmap(GrayFilm(8, 8), Map2x2(0.0f, 4.0f, 0.0f, 4.0f, 4.0f), WholeFilm(16, 16), 0.4);
  const cv::Mat3b whole =
      BlendHeatmap(GrayFilm(8, 8), Map2x2(0.0f, 4.0f, 0.0f, 4.0f, 4.0f), WholeFilm(8, 8), 0.4);
  EXPECT_TRUE(std::equal(half.begin(), half.end(), whole.begin()));
}

TEST(HeatmapBlenderTest, AOneCellMapColoursTheWholeFilmAlike) {
  Heatmap map;
  map.values = (cv::Mat1f(1, 1) << 3.0f);
  map.peak = 3.0f;
  const cv::Mat3b picture = BlendHeatmap(GrayFilm(3, 5), map, WholeFilm(3, 5), 0.4);
  for (const cv::Vec3b& pixel : picture) EXPECT_EQ(pixel, Expected(1.0, 0.4));
}

double Luminance(const cv::Vec3b& rgb) { return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]; }

// What makes the order of values readable without colour vision and in gray print.
TEST(ColormapTest, EveryStepIsAtLeastAsLightAsTheOneBefore) {
  const auto& colours = HeatColours();
  for (size_t i = 1; i < colours.size(); ++i) {
    EXPECT_GE(Luminance(colours[i]), Luminance(colours[i - 1]) - 0.5) << i;
  }
  EXPECT_GT(Luminance(colours[255]) - Luminance(colours[0]), 120.0);
}

TEST(ColormapTest, NoStepIsGray) {
  for (const cv::Vec3b& colour : HeatColours()) {
    const auto [low, high] = std::minmax({colour[0], colour[1], colour[2]});
    EXPECT_GE(high - low, 80);
  }
}

}  // namespace
}  // namespace camnode
