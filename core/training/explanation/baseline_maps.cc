#include "core/training/explanation/baseline_maps.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <opencv2/core.hpp>

#include "core/training/films/random_generator.h"

namespace camnode {

cv::Mat1f RandomMap(cv::Size grid, uint64_t seed) {
  std::vector<float> ranks(static_cast<size_t>(grid.area()));
  std::iota(ranks.begin(), ranks.end(), 1.0f);
  RandomGenerator random(seed);
  Shuffle(ranks, random);
  return cv::Mat1f(ranks, /*copyData=*/true).reshape(1, grid.height);
}

cv::Mat1f CentreMap(cv::Size grid) {
  constexpr double kSigma = 0.25;
  cv::Mat1f map(grid);
  for (int row = 0; row < grid.height; ++row) {
    const double y = ((row + 0.5) / grid.height - 0.5) / kSigma;
    for (int column = 0; column < grid.width; ++column) {
      const double x = ((column + 0.5) / grid.width - 0.5) / kSigma;
      map(row, column) = static_cast<float>(std::exp(-(x * x + y * y) / 2.0));
    }
  }
  return map;
}

std::vector<cv::Mat1f> MeansOfOthers(const std::vector<cv::Mat1f>& maps) {
  std::vector<cv::Mat1f> shares;
  cv::Mat1f total(maps.front().size(), 0.0f);
  for (const cv::Mat1f& map : maps) {
    const double mass = cv::sum(map)[0];
    shares.push_back(mass > 0.0 ? cv::Mat1f(map / mass) : cv::Mat1f(map.size(), 0.0f));
    total = total + shares.back();
  }
  std::vector<cv::Mat1f> means;
  for (const cv::Mat1f& share : shares) {
    means.emplace_back((total - share) / static_cast<double>(maps.size() - 1));
  }
  return means;
}

}  // namespace camnode
