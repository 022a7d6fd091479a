#include "core/render/heatmap_blender.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <opencv2/core/utility.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/render/blend_row.h"
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
// which [start, start + length) is covered by `cells` cells.  A cell's centre lies at its
// half: position p of the region is between cells floor(p cells - 0.5) and the next.
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

// The map's share of its peak, 0 to 1, at each column of the picture: one row for each
// row of cells, and a last one of zeros.
cv::Mat1f SharesByRow(const Heatmap& heatmap, const std::vector<Tap>& columns) {
  const cv::Mat1f& values = heatmap.values;
  cv::Mat1f shares(values.rows + 1, static_cast<int>(columns.size()), 0.0f);
  const auto share = [&](int row, int cell) {
    const float value = values(row, cell) / heatmap.peak;
    return value > 0.0f ? std::min(value, 1.0f) : 0.0f;  // Not a number: 0.
  };
  for (int row = 0; row < values.rows; ++row) {
    for (int x = 0; x < shares.cols; ++x) {
      const Tap& tap = columns[static_cast<size_t>(x)];
      if (!tap.inside) continue;
      const float first = share(row, tap.first);
      shares(row, x) = first + (share(row, tap.second) - first) * tap.weight;
    }
  }
  return shares;
}

// The colours as blend_row.h wants them.
std::array<uint32_t, 256> PackedColours() {
  std::array<uint32_t, 256> packed;
  std::transform(HeatColours().begin(), HeatColours().end(), packed.begin(),
                 [](const cv::Vec3b& colour) -> uint32_t {
                   return colour[0] | uint32_t{colour[1]} << 8 | uint32_t{colour[2]} << 16;
                 });
  return packed;
}

}  // namespace

cv::Mat3b GrayToColour(const cv::Mat1b& gray) {
  cv::Mat3b colour;
  cv::cvtColor(gray, colour, cv::COLOR_GRAY2RGB);
  return colour;
}

void BlendHeatmap(const cv::Mat1b& film, const Heatmap& heatmap, const Placement& placement,
                  double alpha, cv::Mat3b picture) {
  if (!(heatmap.peak > 0.0f)) {
    cv::cvtColor(film, picture, cv::COLOR_GRAY2RGB);
    return;
  }
  const cv::Rect2d& region = placement.region;
  const std::vector<Tap> columns =
      TapsAlong(film.cols, placement.film.width, region.x, region.width, heatmap.values.cols);
  const std::vector<Tap> rows =
      TapsAlong(film.rows, placement.film.height, region.y, region.height, heatmap.values.rows);
  const cv::Mat1f shares = SharesByRow(heatmap, columns);
  const std::array<uint32_t, 256> colours = PackedColours();
  const BlendRowFunction blend = BestBlendRow();
  cv::parallel_for_(cv::Range(0, film.rows), [&](const cv::Range& range) {
    BlendRowWork work;
    work.pixels = film.cols;
    work.alpha = static_cast<float>(alpha);
    work.colours = colours.data();
    for (int y = range.start; y < range.end; ++y) {
      const Tap& tap = rows[static_cast<size_t>(y)];
      work.film = film[y];
      work.above = shares[tap.inside ? tap.first : heatmap.values.rows];
      work.below = shares[tap.inside ? tap.second : heatmap.values.rows];
      work.share_of_below = tap.weight;
      work.out = picture.ptr(y);
      blend(work);
    }
  });
}

cv::Mat3b BlendHeatmap(const cv::Mat1b& film, const Heatmap& heatmap, const Placement& placement,
                       double alpha) {
  cv::Mat3b picture(film.size());
  BlendHeatmap(film, heatmap, placement, alpha, picture);
  return picture;
}

}  // namespace camnode
