#include "core/render/image_codec.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/render/jpeg_decoder.h"
#include "core/render/png_codec.h"

namespace camnode {
namespace {

// BT.601 in 16-bit fixed point, rounded: what Pillow's convert("L") computes, so
// that a gray film stored as RGB comes back as it was.
uint8_t Luma(const cv::Vec3b& rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

int ChannelSpread(const cv::Vec3b& rgb) {
  const auto [low, high] = std::minmax({rgb[0], rgb[1], rgb[2]});
  return high - low;
}

// The smallest value that at least 99 % of the pixels do not exceed.
int Percentile99(const std::array<int64_t, 256>& histogram, int64_t total) {
  int64_t seen = 0;
  for (int value = 0; value < 256; ++value) {
    seen += histogram[static_cast<size_t>(value)];
    if (seen * 100 >= total * 99) return value;
  }
  return 255;
}

Radiograph FromColour(const cv::Mat3b& rgb) {
  Radiograph film;
  film.presentation.create(rgb.size());
  std::array<int64_t, 256> spreads = {};
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      film.presentation(y, x) = Luma(rgb(y, x));
      ++spreads[static_cast<size_t>(ChannelSpread(rgb(y, x)))];
    }
  }
  film.colour_spread = Percentile99(spreads, static_cast<int64_t>(rgb.total()));
  return film;
}

}  // namespace

absl::StatusOr<std::string> EncodePng(const cv::Mat1b& gray) { return WritePng(gray); }
absl::StatusOr<std::string> EncodePng(const cv::Mat3b& rgb) { return WritePng(rgb); }

absl::StatusOr<cv::Mat> DecodeImage(absl::string_view bytes, int64_t max_pixels) {
  if (LooksLikePng(bytes)) return ReadPng(bytes, max_pixels);
  if (LooksLikeJpeg(bytes)) return ReadJpeg(bytes, max_pixels);
  return absl::InvalidArgumentError("the first bytes are neither a PNG's nor a JPEG's");
}

absl::StatusOr<Radiograph> DecodePicture(absl::string_view bytes, int64_t max_pixels) {
  CAMNODE_ASSIGN_OR_RETURN(const cv::Mat pixels, DecodeImage(bytes, max_pixels));
  if (pixels.channels() == 3) return FromColour(pixels);
  Radiograph film;
  film.presentation = pixels;
  return film;
}

}  // namespace camnode
