#include "core/inference/maps/layer_fusion.h"

#include <algorithm>

#include "core/inference/maps/resample.h"

namespace camnode {

cv::Mat1f FuseLayers(const std::vector<cv::Mat1f>& maps) {
  constexpr double kEpsilon = 1e-7;
  cv::Size finest;
  for (const cv::Mat1f& map : maps) {
    if (map.size().area() > finest.area()) finest = map.size();
  }
  cv::Mat1f fused(finest, 0.0f);
  for (const cv::Mat1f& map : maps) {
    // Of the map before it is stretched: (m - min) / (max - min + epsilon).
    const auto [low, high] = std::minmax_element(map.begin(), map.end());
    const double floor = *low;
    const double range = *high - floor + kEpsilon;
    const cv::Mat1d stretched = Resample(map, finest);
    for (int row = 0; row < finest.height; ++row) {
      for (int column = 0; column < finest.width; ++column) {
        fused(row, column) += static_cast<float>((stretched(row, column) - floor) / range /
                                                 static_cast<double>(maps.size()));
      }
    }
  }
  return fused;
}

}  // namespace camnode
