#include "core/training/explanation/lung_region.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/inference/maps/resample.h"

namespace camnode {
namespace {

constexpr double kGrid = kLungGrid;
// Lengths are shares of the film's side, areas of the film; all were tried on films, none
// is derived.
constexpr double kSmoothing = 0.012;
constexpr int kOpening = 11;              // Pixels of the grid.
constexpr double kSmallestRegion = 0.15;  // Shares of the film.
constexpr double kLargestRegion = 0.55;

int Pixels(double share) { return static_cast<int>(std::lround(share * kGrid)); }

// The two ellipses of the header's last step.
cv::Mat1b Prior() {
  cv::Mat1b mask(kLungGrid, kLungGrid, uint8_t{0});
  for (const double middle : {0.30, 0.70}) {
    cv::ellipse(mask, cv::Point(Pixels(middle), Pixels(0.47)), cv::Size(Pixels(0.15), Pixels(0.31)),
                0.0, 0.0, 360.0, cv::Scalar(255), cv::FILLED);
  }
  return mask;
}

// Of everything that is not 0; empty of fewer than three points.
cv::Mat1b ConvexHull(const cv::Mat& mask) {
  std::vector<cv::Point> points;
  cv::findNonZero(mask, points);
  cv::Mat1b hull(mask.size(), uint8_t{0});
  if (points.size() < 3) return hull;
  std::vector<cv::Point> corners;
  cv::convexHull(points, corners);
  cv::fillConvexPoly(hull, corners, cv::Scalar(255));
  return hull;
}

// Step 1, the column about which the left side is the mirror of the right: the mean of each
// column between 20 and 75 % of the height, smoothed, is largest there, between 38 and 62 % of the
// width.
int Midline(const cv::Mat1b& smooth) {
  cv::Mat1f profile;
  cv::reduce(smooth.rowRange(Pixels(0.20), Pixels(0.75)), profile, 0, cv::REDUCE_AVG, CV_32F);
  cv::GaussianBlur(profile, profile, cv::Size(), 0.04 * kGrid, 0.04 * kGrid);
  const int low = Pixels(0.38);
  const auto begin = profile.begin() + low;
  const auto end = profile.begin() + Pixels(0.62) + 1;
  return low + static_cast<int>(std::max_element(begin, end) - begin);
}

// "No darker than this": levels below which 10, 15, ... 65 % of the middle of the film lie.
std::vector<double> Thresholds(const cv::Mat1b& smooth) {
  const cv::Mat1b middle =
      smooth(cv::Range(Pixels(0.15), Pixels(0.80)), cv::Range(Pixels(0.12), Pixels(0.88)));
  std::vector<uint8_t> levels(middle.begin(), middle.end());
  std::sort(levels.begin(), levels.end());
  std::vector<double> thresholds;
  for (int percent = 10; percent <= 65; percent += 5) {
    const double level = levels[levels.size() * static_cast<size_t>(percent) / 100];
    if (thresholds.empty() || level > thresholds.back()) thresholds.push_back(level);
  }
  return thresholds;
}

struct Component {
  double area = 0.0;  // Share of the film.
  cv::Rect box;
  cv::Point2d centre;
};

// Step 2's size, place, height and width; `aside` is how far from the midline, `down` from
// the top.
bool LooksLikeALung(const Component& component, int midline) {
  const cv::Rect& box = component.box;
  if (box.x == 0 || box.y == 0 || box.br().x == kLungGrid || box.br().y == kLungGrid) return false;
  const double height = box.height / kGrid;
  const double width = box.width / kGrid;
  const double aside = std::abs(component.centre.x - midline) / kGrid;
  const double down = component.centre.y / kGrid;
  return component.area > 0.04 && component.area < 0.24 && height > 0.25 && height < 0.85 &&
         width > 0.10 && width < 0.45 && aside > 0.10 && aside < 0.36 && down > 0.25 && down < 0.68;
}

// Of a lung's hull the lung fills most; of an arm's and the air's beside it little.
bool IsSolid(double area, const cv::Mat1b& hull) {
  return area >= 0.70 * cv::countNonZero(hull) / (kGrid * kGrid);
}

struct Side {
  double area = 0.0;
  cv::Mat1b hull = cv::Mat1b(kLungGrid, kLungGrid, uint8_t{0});
};

// Step 2: left and right half of the picture, cut apart at the midline so that lungs that touch
// are two components.
std::array<Side, 2> FindSides(const cv::Mat1b& smooth, int midline) {
  std::array<Side, 2> sides;
  const cv::Mat disc = cv::getStructuringElement(cv::MORPH_ELLIPSE, cv::Size(kOpening, kOpening));
  for (const double threshold : Thresholds(smooth)) {
    cv::Mat1b dark(smooth <= threshold);
    dark.colRange(midline - 1, midline + 1) = 0;
    cv::morphologyEx(dark, dark, cv::MORPH_OPEN, disc);
    cv::Mat1i labels;
    cv::Mat1i boxes;
    cv::Mat1d centres;
    const int count = cv::connectedComponentsWithStats(dark, labels, boxes, centres, 4);
    for (int i = 1; i < count; ++i) {
      const Component component{boxes(i, cv::CC_STAT_AREA) / (kGrid * kGrid),
                                cv::Rect(boxes(i, cv::CC_STAT_LEFT), boxes(i, cv::CC_STAT_TOP),
                                         boxes(i, cv::CC_STAT_WIDTH), boxes(i, cv::CC_STAT_HEIGHT)),
                                cv::Point2d(centres(i, 0), centres(i, 1))};
      Side& side = sides[component.centre.x > midline ? 1 : 0];
      if (component.area <= side.area || !LooksLikeALung(component, midline)) continue;
      const cv::Mat1b hull = ConvexHull(labels == i);
      if (IsSolid(component.area, hull)) side = {component.area, hull};
    }
  }
  return sides;
}

// x becomes 2 midline - x.
cv::Mat1b Mirrored(const cv::Mat1b& mask, int midline) {
  const cv::Matx23d flip(-1.0, 0.0, 2.0 * midline, 0.0, 1.0, 0.0);
  cv::Mat1b mirrored;
  cv::warpAffine(mask, mirrored, flip, mask.size(), cv::INTER_NEAREST);
  return mirrored;
}

double AreaOf(const cv::Mat1b& mask) { return cv::countNonZero(mask) / (kGrid * kGrid); }

// The map's value at a place of the film, in shares of its sides: share to film pixel, to the
// region the map covers, to cells.
double MapAt(const ModelResult& result, double x, double y) {
  const cv::Rect2d& region = result.placement.region;
  const cv::Mat1f& map = result.heatmap.values;
  return ValueAt(map, (x * result.placement.film.width - region.x) / region.width * map.cols,
                 (y * result.placement.film.height - region.y) / region.height * map.rows);
}

}  // namespace

LungRegion FindLungs(const cv::Mat1b& film) {
  LungRegion region;
  if (!film.empty()) {
    cv::Mat1b smooth;
    cv::resize(film, smooth, cv::Size(kLungGrid, kLungGrid), 0.0, 0.0, cv::INTER_AREA);
    cv::GaussianBlur(smooth, smooth, cv::Size(), kSmoothing * kGrid);
    const int midline = Midline(smooth);
    const std::array<Side, 2> sides = FindSides(smooth, midline);
    region.mask = ConvexHull(sides[0].hull | Mirrored(sides[1].hull, midline)) |
                  ConvexHull(sides[1].hull | Mirrored(sides[0].hull, midline));
    region.area = AreaOf(region.mask);
  }
  if (region.area < kSmallestRegion || region.area > kLargestRegion) {
    region.mask = Prior();
    region.area = AreaOf(region.mask);
    region.fallback = true;
  }
  return region;
}

// sum of max(map, 0) in the mask / sum of max(map, 0).
absl::optional<double> MassInLungs(const ModelResult& result, const LungRegion& lungs) {
  double inside = 0.0;
  double all = 0.0;
  for (int row = 0; row < lungs.mask.rows; ++row) {
    for (int column = 0; column < lungs.mask.cols; ++column) {
      const double value =
          std::max(0.0, MapAt(result, (column + 0.5) / kGrid, (row + 0.5) / kGrid));
      all += value;
      if (lungs.mask(row, column) != 0) inside += value;
    }
  }
  if (!(all > 0.0)) return absl::nullopt;
  return inside / all;
}

bool PeakInLungs(const ModelResult& result, const LungRegion& lungs) {
  const cv::Mat1f& map = result.heatmap.values;
  const cv::Rect2d& region = result.placement.region;
  cv::Point peak;
  cv::minMaxLoc(map, nullptr, nullptr, nullptr, &peak);
  const double x =
      (region.x + (peak.x + 0.5) / map.cols * region.width) / result.placement.film.width;
  const double y =
      (region.y + (peak.y + 0.5) / map.rows * region.height) / result.placement.film.height;
  const auto place = [](double share) { return static_cast<int>(std::floor(share * kGrid)); };
  const cv::Rect whole(0, 0, kLungGrid, kLungGrid);
  return whole.contains({place(x), place(y)}) && lungs.mask(place(y), place(x)) != 0;
}

}  // namespace camnode
