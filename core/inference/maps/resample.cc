#include "core/inference/maps/resample.h"

#include <algorithm>
#include <cmath>

namespace camnode {

// Bilinear: the four centres around the point, each by how near the point is to it.
double ValueAt(const cv::Mat1f& map, double x, double y) {
  const auto at = [&map](int row, int column) {
    return static_cast<double>(
        map(std::clamp(row, 0, map.rows - 1), std::clamp(column, 0, map.cols - 1)));
  };
  x -= 0.5;
  y -= 0.5;
  const int left = static_cast<int>(std::floor(x));
  const int top = static_cast<int>(std::floor(y));
  const double right_share = x - left;
  const double bottom_share = y - top;
  return (1 - bottom_share) *
             ((1 - right_share) * at(top, left) + right_share * at(top, left + 1)) +
         bottom_share *
             ((1 - right_share) * at(top + 1, left) + right_share * at(top + 1, left + 1));
}

cv::Mat1d Resample(const cv::Mat1f& map, cv::Size grid) {
  cv::Mat1d result(grid);
  for (int row = 0; row < grid.height; ++row) {
    const double y = (row + 0.5) * map.rows / grid.height;
    for (int column = 0; column < grid.width; ++column) {
      result(row, column) = ValueAt(map, (column + 0.5) * map.cols / grid.width, y);
    }
  }
  return result;
}

}  // namespace camnode
