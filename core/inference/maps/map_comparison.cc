#include "core/inference/maps/map_comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <opencv2/core/mat.hpp>

#include "core/domain/placement.h"
#include "core/inference/maps/resample.h"

namespace camnode {
namespace {

constexpr double kRegionMass = 0.5;

bool CanBeCompared(const ModelResult& result) {
  const Placement& placement = result.placement;
  return result.heatmap.values.total() > 1 && result.heatmap.peak > 0.0f &&
         placement.film.width > 0 && placement.film.height > 0 && placement.region.width > 0.0 &&
         placement.region.height > 0.0;
}

// The map's positive values at the centres of a grid's cells over the film, row by row.
std::vector<double> OverFilm(const ModelResult& result, cv::Size grid) {
  const cv::Mat1f& map = result.heatmap.values;
  const cv::Size film = result.placement.film;
  const cv::Rect2d& region = result.placement.region;
  std::vector<double> cells;
  for (int row = 0; row < grid.height; ++row) {
    const double y = (row + 0.5) * film.height / grid.height;
    for (int column = 0; column < grid.width; ++column) {
      const double x = (column + 0.5) * film.width / grid.width;
      const double value = ValueAt(map, (x - region.x) / region.width * map.cols,
                                   (y - region.y) / region.height * map.rows);
      cells.push_back(std::max(value, 0.0));
    }
  }
  return cells;
}

// sum(mass place); y is measured in widths too, so that a distance is one.
cv::Point2d CentreInFilmWidths(const std::vector<double>& mass, cv::Size grid, cv::Size film) {
  cv::Point2d centre(0, 0);
  for (int row = 0; row < grid.height; ++row) {
    for (int column = 0; column < grid.width; ++column) {
      const double cell = mass[static_cast<size_t>(row) * static_cast<size_t>(grid.width) +
                               static_cast<size_t>(column)];
      centre.x += cell * (column + 0.5) / grid.width;
      centre.y += cell * (row + 0.5) / grid.height;
    }
  }
  return {centre.x, centre.y * film.height / film.width};
}

// The fewest cells that together hold half of the mass; of equal cells the first.
std::vector<bool> HalfMassRegion(const std::vector<double>& mass) {
  std::vector<size_t> order(mass.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&mass](size_t a, size_t b) { return mass[a] > mass[b]; });
  std::vector<bool> region(mass.size(), false);
  double held = 0.0;
  for (const size_t cell : order) {
    region[cell] = true;
    held += mass[cell];
    if (held >= kRegionMass) break;
  }
  return region;
}

// Equal cells share the mean of their ranks.
std::vector<double> Ranks(const std::vector<double>& mass) {
  std::vector<size_t> order(mass.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&mass](size_t a, size_t b) { return mass[a] < mass[b]; });
  std::vector<double> ranks(mass.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && mass[order[last + 1]] == mass[order[first]]) ++last;
    const double mean_rank = static_cast<double>(first + last) / 2.0 + 1.0;
    for (size_t i = first; i <= last; ++i) ranks[order[i]] = mean_rank;
    first = last + 1;
  }
  return ranks;
}

// |a and b| / |a or b|.
double Overlap(const std::vector<bool>& a, const std::vector<bool>& b) {
  int both = 0;
  int either = 0;
  for (size_t cell = 0; cell < a.size(); ++cell) {
    both += a[cell] && b[cell];
    either += a[cell] || b[cell];
  }
  return static_cast<double>(both) / either;
}

// Pearson's correlation, sum(dx dy) / sqrt(sum(dx^2) sum(dy^2)); ranks 1 to n have the mean
// (n + 1) / 2, ties or not.  0 where all ranks of a map are equal.
double Correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const double mean = (static_cast<double>(x.size()) + 1.0) / 2.0;
  double xy = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0.0 && yy > 0.0 ? xy / std::sqrt(xx * yy) : 0.0;
}

}  // namespace

cv::Size FinestGrid(const std::vector<ModelResult>& results) {
  cv::Size finest;
  for (const ModelResult& result : results) {
    const cv::Size own = result.heatmap.values.size();
    if (CanBeCompared(result) && own.area() > finest.area()) finest = own;
  }
  return finest;
}

absl::optional<MapEvidence> EvidenceOf(const ModelResult& result, cv::Size grid) {
  if (!CanBeCompared(result)) return absl::nullopt;
  std::vector<double> mass = OverFilm(result, grid);
  const double sum = std::accumulate(mass.begin(), mass.end(), 0.0);
  if (!(sum > 0.0)) return absl::nullopt;
  for (double& cell : mass) cell /= sum;
  return MapEvidence{HalfMassRegion(mass), Ranks(mass),
                     CentreInFilmWidths(mass, grid, result.placement.film)};
}

MapMeasures CompareMaps(const std::vector<const MapEvidence*>& maps) {
  MapMeasures mean;
  int pairs = 0;
  for (size_t a = 0; a < maps.size(); ++a) {
    for (size_t b = a + 1; b < maps.size(); ++b, ++pairs) {
      mean.overlap += Overlap(maps[a]->region, maps[b]->region);
      mean.correlation += Correlation(maps[a]->ranks, maps[b]->ranks);
      const cv::Point2d apart = maps[a]->centre - maps[b]->centre;
      mean.distance += std::hypot(apart.x, apart.y);
    }
  }
  mean.overlap /= pairs;
  mean.distance /= pairs;
  mean.correlation /= pairs;
  return mean;
}

double RankCorrelation(const std::vector<double>& a, const std::vector<double>& b) {
  return Correlation(Ranks(a), Ranks(b));
}

}  // namespace camnode
