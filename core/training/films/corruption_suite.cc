#include "core/training/films/corruption_suite.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace camnode {
namespace {

constexpr double kReferenceSide = 224.0;
constexpr double kMiddleGray = 127.5;

// Deviations are in pixels of a picture of kReferenceSide.
cv::Mat1f Blur(const cv::Mat1f& picture, double deviation) {
  cv::Mat1f blurred;
  cv::GaussianBlur(picture, blurred, cv::Size(), deviation * picture.cols / kReferenceSide, 0.0,
                   cv::BORDER_REFLECT_101);
  return blurred;
}

cv::Mat1f LowerResolution(const cv::Mat1f& picture, double share) {
  const cv::Size small(std::max(1, static_cast<int>(std::lround(picture.cols * share))),
                       std::max(1, static_cast<int>(std::lround(picture.rows * share))));
  cv::Mat1f shrunk;
  cv::Mat1f back;
  cv::resize(picture, shrunk, small, 0.0, 0.0, cv::INTER_AREA);
  cv::resize(shrunk, back, picture.size(), 0.0, 0.0, cv::INTER_LINEAR);
  return back;
}

cv::Mat1f Power(const cv::Mat1f& picture, double power) {
  cv::Mat1f share;
  cv::Mat1f changed;
  picture.convertTo(share, CV_32F, 1.0 / 255.0);
  cv::pow(share, power, changed);
  changed.convertTo(changed, CV_32F, 255.0);
  return changed;
}

cv::Mat1f Contrast(const cv::Mat1f& picture, double factor) {
  cv::Mat1f changed;
  picture.convertTo(changed, CV_32F, factor, kMiddleGray * (1.0 - factor));
  return changed;
}

cv::Mat1f Sharpen(const cv::Mat1f& picture, double amount) {
  cv::Mat1f changed;
  cv::addWeighted(picture, 1.0 + amount, Blur(picture, 1.0), -amount, 0.0, changed);
  return changed;
}

cv::Mat1f Stretch(const cv::Mat1f& picture, double width, double height) {
  const double x = (picture.cols - 1) / 2.0;
  const double y = (picture.rows - 1) / 2.0;
  const cv::Matx23d map(width, 0.0, x - width * x, 0.0, height, y - height * y);
  cv::Mat1f stretched;
  cv::warpAffine(picture, stretched, map, picture.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT_101);
  return stretched;
}

cv::Mat1f Apply(const Corruption& corruption, const cv::Mat1f& picture) {
  const double strength = corruption.strength;
  switch (corruption.kind) {
    case CorruptionKind::kBlur:
      return Blur(picture, strength);
    case CorruptionKind::kLowResolution:
      return LowerResolution(picture, strength);
    case CorruptionKind::kGamma:
      return Power(picture, strength);
    case CorruptionKind::kContrast:
      return Contrast(picture, strength);
    case CorruptionKind::kSharpening:
      return Sharpen(picture, strength);
    case CorruptionKind::kWider:
      return Stretch(picture, strength, 1.0);
    case CorruptionKind::kTaller:
      return Stretch(picture, 1.0, strength);
  }
  return picture;
}

}  // namespace

const std::vector<Corruption>& CorruptionSuite() {
  static const auto* const suite = new std::vector<Corruption>{
      {"blur 1", CorruptionKind::kBlur, 1.0},
      {"blur 2", CorruptionKind::kBlur, 2.0},
      {"half resolution", CorruptionKind::kLowResolution, 0.5},
      {"third resolution", CorruptionKind::kLowResolution, 1.0 / 3.0},
      {"gamma 0.6", CorruptionKind::kGamma, 0.6},
      {"gamma 1.6", CorruptionKind::kGamma, 1.6},
      {"contrast 0.6", CorruptionKind::kContrast, 0.6},
      {"contrast 1.5", CorruptionKind::kContrast, 1.5},
      {"sharpening 1", CorruptionKind::kSharpening, 1.0},
      {"sharpening 2", CorruptionKind::kSharpening, 2.0},
      {"wider 1.25", CorruptionKind::kWider, 1.25},
      {"taller 1.25", CorruptionKind::kTaller, 1.25},
  };
  return *suite;
}

cv::Mat1b Corrupt(const Corruption& corruption, const cv::Mat1b& picture) {
  cv::Mat1f exact;
  picture.convertTo(exact, CV_32F);
  cv::Mat1b levels;
  // Rounds, and cuts to 0 to 255.
  Apply(corruption, exact).convertTo(levels, CV_8U);
  return levels;
}

}  // namespace camnode
