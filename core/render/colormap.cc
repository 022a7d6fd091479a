#include "core/render/colormap.h"

#include <cstddef>
#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <opencv2/imgproc.hpp>

namespace camnode {
namespace {

// Without the last 8 % of the map: see the header.
constexpr double kLastStep = 0.92 * 255.0;

// 256 steps along the rest of it.
std::array<cv::Vec3b, 256> MakeHeatColours() {
  cv::Mat1b steps(1, 256);
  for (int i = 0; i < 256; ++i) steps(0, i) = cv::saturate_cast<uint8_t>(i * kLastStep / 255.0);
  cv::Mat3b blue_first;
  cv::applyColorMap(steps, blue_first, cv::COLORMAP_PLASMA);
  std::array<cv::Vec3b, 256> colours;
  for (int i = 0; i < 256; ++i) {
    const cv::Vec3b& bgr = blue_first(0, i);
    colours[static_cast<size_t>(i)] = cv::Vec3b(bgr[2], bgr[1], bgr[0]);
  }
  return colours;
}

}  // namespace

const std::array<cv::Vec3b, 256>& HeatColours() {
  static const auto* const colours = new std::array<cv::Vec3b, 256>(MakeHeatColours());
  return *colours;
}

}  // namespace camnode
