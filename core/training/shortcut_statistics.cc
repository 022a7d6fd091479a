#include "core/training/shortcut_statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr int kMinSide = 16;

// Mean and deviation of numbers as they come.  Sums of levels and their squares are exact
// in a double, so the order does not matter for these.
class Moments {
 public:
  void Add(double x) {
    ++count_;
    sum_ += x;
    squares_ += x * x;
  }
  double Mean() const { return count_ > 0 ? sum_ / count_ : 0.0; }
  double MeanSquare() const { return count_ > 0 ? squares_ / count_ : 0.0; }
  double Deviation() const { return std::sqrt(std::max(0.0, MeanSquare() - Mean() * Mean())); }

 private:
  double count_ = 0.0;
  double sum_ = 0.0;
  double squares_ = 0.0;
};

Moments Over(const cv::Mat1b& part) {
  Moments moments;
  for (const uint8_t level : part) moments.Add(level);
  return moments;
}

void AddIntensity(const cv::Mat1b& picture, std::vector<double>* statistics) {
  std::array<int, 256> histogram{};
  for (const uint8_t level : picture) ++histogram[level];
  const double pixels = static_cast<double>(picture.total());
  const Moments moments = Over(picture);
  statistics->push_back(moments.Mean());
  statistics->push_back(moments.Deviation());
  for (const double share : {0.05, 0.25, 0.50, 0.75, 0.95}) {
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
}

void AddDetail(const cv::Mat1b& picture, std::vector<double>* statistics) {
  Moments across, down, length, laplacian, near, far;
  const int side = picture.rows;
  const auto at = [&picture](int y, int x) { return static_cast<int>(picture(y, x)); };
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const int here = at(y, x);
      const int right = x + 1 < side ? at(y, x + 1) - here : 0;
      const int below = y + 1 < side ? at(y + 1, x) - here : 0;
      if (x + 1 < side) across.Add(std::abs(right)), near.Add(right);
      if (y + 1 < side) down.Add(std::abs(below)), near.Add(below);
      if (x + 1 < side && y + 1 < side) length.Add(std::hypot(right, below));
      if (x + 2 < side) far.Add(at(y, x + 2) - here);
      if (y + 2 < side) far.Add(at(y + 2, x) - here);
      if (x > 0 && y > 0 && x + 1 < side && y + 1 < side) {
        laplacian.Add(at(y, x - 1) + at(y, x + 1) + at(y - 1, x) + at(y + 1, x) - 4 * here);
      }
    }
  }
  statistics->push_back(across.Mean());
  statistics->push_back(down.Mean());
  statistics->push_back(length.Deviation());
  statistics->push_back(std::log1p(laplacian.MeanSquare()));
  statistics->push_back(std::log1p(far.MeanSquare()) - std::log1p(near.MeanSquare()));
}

void AddBorders(const cv::Mat1b& picture, std::vector<double>* statistics) {
  const int side = picture.rows;
  const int strip = side / 16;
  const std::array<Moments, 4> strips = {Over(picture(cv::Rect(0, 0, side, strip))),
                                         Over(picture(cv::Rect(0, side - strip, side, strip))),
                                         Over(picture(cv::Rect(0, 0, strip, side))),
                                         Over(picture(cv::Rect(side - strip, 0, strip, side)))};
  for (const Moments& moments : strips) statistics->push_back(moments.Mean());
  for (const Moments& moments : strips) statistics->push_back(moments.Deviation());
  const int corner = side / 8;
  for (const int y : {0, side - corner}) {
    for (const int x : {0, side - corner}) {
      statistics->push_back(Over(picture(cv::Rect(x, y, corner, corner))).Mean());
    }
  }
}

double Asymmetry(const cv::Mat1b& picture) {
  Moments difference;
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) {
      difference.Add(std::abs(picture(y, x) - picture(y, picture.cols - 1 - x)));
    }
  }
  return difference.Mean();
}

}  // namespace

std::vector<const char*> ShortcutStatisticNames(bool with_size) {
  std::vector<const char*> names = {"mean",
                                    "deviation",
                                    "percentile_5",
                                    "percentile_25",
                                    "percentile_50",
                                    "percentile_75",
                                    "percentile_95",
                                    "entropy_bits",
                                    "gradient_x",
                                    "gradient_y",
                                    "gradient_deviation",
                                    "laplacian_energy",
                                    "detail_falloff",
                                    "top_mean",
                                    "bottom_mean",
                                    "left_mean",
                                    "right_mean",
                                    "top_deviation",
                                    "bottom_deviation",
                                    "left_deviation",
                                    "right_deviation",
                                    "corner_top_left",
                                    "corner_top_right",
                                    "corner_bottom_left",
                                    "corner_bottom_right",
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
