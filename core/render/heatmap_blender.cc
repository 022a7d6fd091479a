#include "core/render/heatmap_blender.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/render/colormap.h"

namespace camnode {
namespace {

// Where one row or column of the picture falls on the grid.
struct Tap {
  int first = 0;
  int second = 0;
  float weight = 0.0f;  // Of `second`.
  bool inside = false;
};

// For each of `pixels` positions along an axis of a film `film_length` long, of
// which [start, start + length) is covered by `cells` cells.
std::vector<Tap> TapsAlong(int pixels, double film_length, double start, double length, int cells) {
  std::vector<Tap> taps(static_cast<size_t>(pixels));
  for (int i = 0; i < pixels; ++i) {
    const double on_film = (i + 0.5) / pixels * film_length;
    const double in_region = (on_film - start) / length;
    if (in_region < 0.0 || in_region >= 1.0) continue;
    const double cell = std::clamp(in_region * cells - 0.5, 0.0, cells - 1.0);
    Tap& tap = taps[static_cast<size_t>(i)];
    tap.inside = true;
    tap.first = static_cast<int>(cell);
    tap.second = std::min(tap.first + 1, cells - 1);
    tap.weight = static_cast<float>(cell - tap.first);
  }
  return taps;
}

float Mix(float a, float b, float weight_of_b) { return a + (b - a) * weight_of_b; }

// One row of the grid between two, scaled to 0..1.
void MixRows(const cv::Mat1f& values, const Tap& tap, float scale, std::vector<float>& row) {
  const float* above = values[tap.first];
  const float* below = values[tap.second];
  for (int c = 0; c < values.cols; ++c) {
    row[static_cast<size_t>(c)] =
        std::clamp(scale * Mix(above[c], below[c], tap.weight), 0.0f, 1.0f);
  }
}

// What one strength of the map does to a pixel: film * (1 - opacity) + addend, with
// the half that rounds in the addend.  Four floats, so that the three colours of a
// pixel are computed at once.
struct alignas(16) Cover {
  float addend[4];
};
constexpr int kStrengths = 4096;  // A step of opacity moves no colour by 0.03 levels.

struct CoverTable {
  std::array<Cover, kStrengths + 1> covers;
  std::array<float, kStrengths + 1> kept;  // 1 - opacity
};

CoverTable MakeCovers(float alpha) {
  const auto& colours = HeatColours();
  CoverTable table;
  for (int i = 0; i <= kStrengths; ++i) {
    const float v = static_cast<float>(i) / kStrengths;
    const cv::Vec3b& colour = colours[static_cast<size_t>(v * 255.0f + 0.5f)];
    const float opacity = alpha * v;
    Cover& cover = table.covers[static_cast<size_t>(i)];
    for (int k = 0; k < 3; ++k) cover.addend[k] = opacity * colour[k] + 0.5f;
    cover.addend[3] = 0.0f;
    table.kept[static_cast<size_t>(i)] = 1.0f - opacity;
  }
  return table;
}

// Columns outside the region stay as they are.
void BlendRow(const uint8_t* film, const std::vector<Tap>& columns, const std::vector<float>& row,
              const CoverTable& table, cv::Vec3b* pixels) {
  const int width = static_cast<int>(columns.size());
  for (int x = 0; x < width; ++x) {
    const Tap& tap = columns[static_cast<size_t>(x)];
    if (!tap.inside) continue;
    const float v =
        Mix(row[static_cast<size_t>(tap.first)], row[static_cast<size_t>(tap.second)], tap.weight);
    const auto strength = static_cast<size_t>(static_cast<int>(v * kStrengths + 0.5f));
    const float kept = table.kept[strength];
    const float gray = film[x];
    const float* addend = table.covers[strength].addend;
    for (int k = 0; k < 3; ++k) {
      pixels[x][k] = static_cast<uint8_t>(static_cast<int>(gray * kept + addend[k]));
    }
  }
}

}  // namespace

cv::Mat3b GrayToColour(const cv::Mat1b& gray) {
  cv::Mat3b colour;
  cv::cvtColor(gray, colour, cv::COLOR_GRAY2RGB);
  return colour;
}

cv::Mat3b BlendHeatmap(const cv::Mat1b& film, const Heatmap& heatmap, const Placement& placement,
                       double alpha) {
  cv::Mat3b picture = GrayToColour(film);
  if (!(heatmap.peak > 0.0f)) return picture;

  const cv::Rect2d& region = placement.region;
  const std::vector<Tap> columns =
      TapsAlong(film.cols, placement.film.width, region.x, region.width, heatmap.values.cols);
  const std::vector<Tap> rows =
      TapsAlong(film.rows, placement.film.height, region.y, region.height, heatmap.values.rows);
  const CoverTable table = MakeCovers(static_cast<float>(alpha));
  const float scale = 1.0f / heatmap.peak;
  cv::parallel_for_(cv::Range(0, film.rows), [&](const cv::Range& range) {
    std::vector<float> row(static_cast<size_t>(heatmap.values.cols));
    for (int y = range.start; y < range.end; ++y) {
      if (!rows[static_cast<size_t>(y)].inside) continue;
      MixRows(heatmap.values, rows[static_cast<size_t>(y)], scale, row);
      BlendRow(film[y], columns, row, table, picture[y]);
    }
  });
  return picture;
}

}  // namespace camnode
