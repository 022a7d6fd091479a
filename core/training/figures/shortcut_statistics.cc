#include "core/training/figures/shortcut_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <opencv2/core.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr int kMinSide = 28;  // Of which a 28th is a pixel.

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;
};

// Sums of levels and of their squares are exact, so the order of the pixels is no matter.
Moments Over(const cv::Mat1b& part) {
  int64_t sum = 0;
  int64_t squares = 0;
  for (const uint8_t level : part) {
    sum += level;
    squares += level * level;
  }
  const double pixels = static_cast<double>(part.total());
  const double mean = static_cast<double>(sum) / pixels;
  const double variance = static_cast<double>(squares) / pixels - mean * mean;
  return {mean, std::sqrt(std::max(0.0, variance))};
}

// Mean, deviation, percentiles; the histogram's entropy -sum p log2 p; the middle.
void AddIntensity(const cv::Mat1b& picture, std::vector<double>* statistics) {
  std::array<int, 256> histogram{};
  for (const uint8_t level : picture) ++histogram[level];
  const double pixels = static_cast<double>(picture.total());
  const Moments moments = Over(picture);
  statistics->push_back(moments.mean);
  statistics->push_back(moments.deviation);
  for (const double share : {0.01, 0.25, 0.50, 0.75, 0.99}) {
    double below = 0.0;
    int level = -1;
    while (below < share * pixels) below += histogram[static_cast<std::size_t>(++level)];
    statistics->push_back(level);
  }
  double entropy_bits = 0.0;
  for (const int count : histogram) {
    if (count > 0) entropy_bits -= count / pixels * std::log2(count / pixels);
  }
  statistics->push_back(entropy_bits);
  const int side = picture.rows;
  const Moments middle = Over(picture(cv::Rect(side / 4, side / 4, side / 2, side / 2)));
  statistics->push_back(middle.mean);
  statistics->push_back(middle.deviation);
}

// log(1 + mean |filter|) over the pixels that have `before` others to their left and
// `after` to their right.
template <typename Filter>
double Detail(const cv::Mat1b& picture, int before, int after, const Filter& filter) {
  int64_t sum = 0;
  for (int y = 0; y < picture.rows; ++y) {
    const uint8_t* row = picture[y];
    for (int x = before; x < picture.cols - after; ++x) sum += std::abs(filter(row + x));
  }
  const double pixels = static_cast<double>(picture.rows) * (picture.cols - before - after);
  return std::log1p(static_cast<double>(sum) / pixels);
}

// Differences of neighbours, second differences, differences over a 28th of the side.
void AddDetail(const cv::Mat1b& picture, std::vector<double>* statistics) {
  cv::Mat1b turned;
  cv::transpose(picture, turned);
  const int far = picture.rows / 28;
  const auto first = [](const uint8_t* p) { return p[1] - p[0]; };
  const auto second = [](const uint8_t* p) { return p[-1] - 2 * p[0] + p[1]; };
  const auto distant = [far](const uint8_t* p) { return p[far] - p[0]; };
  for (const cv::Mat1b& view : {picture, turned}) {
    statistics->push_back(Detail(view, 0, 1, first));
  }
  for (const cv::Mat1b& view : {picture, turned}) {
    statistics->push_back(Detail(view, 1, 1, second));
  }
  for (const cv::Mat1b& view : {picture, turned}) {
    statistics->push_back(Detail(view, 0, far, distant));
  }
}

// Mean and deviation of strips a sixteenth wide, and upper half less lower half.
void AddBorders(const cv::Mat1b& picture, std::vector<double>* statistics) {
  const int side = picture.rows;
  const int strip = side / 16;
  const std::array<Moments, 4> strips = {Over(picture(cv::Rect(0, 0, side, strip))),
                                         Over(picture(cv::Rect(0, side - strip, side, strip))),
                                         Over(picture(cv::Rect(0, 0, strip, side))),
                                         Over(picture(cv::Rect(side - strip, 0, strip, side)))};
  for (const Moments& moments : strips) statistics->push_back(moments.mean);
  for (const Moments& moments : strips) statistics->push_back(moments.deviation);
  const int half = side / 2;
  statistics->push_back(Over(picture.rowRange(0, half)).mean -
                        Over(picture.rowRange(side - half, side)).mean);
}

// mean |picture - its mirror image|.
double Asymmetry(const cv::Mat1b& picture) {
  int64_t sum = 0;
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      sum += std::abs(picture(y, x) - picture(y, picture.cols - 1 - x));
    }
  }
  return static_cast<double>(sum) / static_cast<double>(picture.total());
}

}  // namespace

std::vector<const char*> ShortcutStatisticNames(bool with_size) {
  std::vector<const char*> names = {"mean",
                                    "deviation",
                                    "percentile_1",
                                    "percentile_25",
                                    "percentile_50",
                                    "percentile_75",
                                    "percentile_99",
                                    "entropy_bits",
                                    "middle_mean",
                                    "middle_deviation",
                                    "detail_across",
                                    "detail_down",
                                    "fine_detail_across",
                                    "fine_detail_down",
                                    "coarse_detail_across",
                                    "coarse_detail_down",
                                    "top_mean",
                                    "bottom_mean",
                                    "left_mean",
                                    "right_mean",
                                    "top_deviation",
                                    "bottom_deviation",
                                    "left_deviation",
                                    "right_deviation",
                                    "upper_less_lower",
                                    "asymmetry"};
  if (with_size) names.insert(names.end(), {"log_pixels", "log_aspect"});
  return names;
}

absl::StatusOr<std::vector<double>> ShortcutStatistics(
    const cv::Mat1b& picture, const absl::optional<OriginalSize>& original) {
  if (picture.rows != picture.cols || picture.rows < kMinSide) {
    return absl::InvalidArgumentError(absl::StrCat("a picture of ", picture.cols, " x ",
                                                   picture.rows, " is not a square of at least ",
                                                   kMinSide));
  }
  if (original.has_value() && (original->width < 1 || original->height < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("an original of ", original->width, " x ", original->height));
  }
  std::vector<double> statistics;
  AddIntensity(picture, &statistics);
  AddDetail(picture, &statistics);
  AddBorders(picture, &statistics);
  statistics.push_back(Asymmetry(picture));
  if (original.has_value()) {
    const double log_width = std::log(original->width);
    const double log_height = std::log(original->height);
    statistics.push_back(log_width + log_height);
    statistics.push_back(log_width - log_height);
  }
  return statistics;
}

}  // namespace camnode
