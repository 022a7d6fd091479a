#include "core/dicom/pixels/colour.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace camnode {
namespace {

using Triple = std::array<int, 3>;

// Takes the three samples of a pixel, 8 bits each, from any of the layouts.
class SampleReader {
 public:
  SampleReader(const DecodedFrame& frame, const PixelFormat& format)
      : frame_(frame),
        columns_(static_cast<size_t>(format.columns)),
        pixels_(static_cast<size_t>(format.Pixels())),
        shift_(std::max(0, std::min(format.bits_stored, 8 * frame.bytes_per_sample) - 8)),
        halved_(frame.photometric == "YBR_FULL_422" && frame.samples.size() < pixels_ * 3) {}

  Triple At(size_t row, size_t column) const {
    if (halved_) {
      // Two luma samples, then the blue and red chroma that they share.
      const size_t pair = (row * ((columns_ + 1) / 2) + column / 2) * 4;
      return {Sample(pair + column % 2), Sample(pair + 2), Sample(pair + 3)};
    }
    const size_t pixel = row * columns_ + column;
    if (frame_.planar) {
      return {Sample(pixel), Sample(pixels_ + pixel), Sample(2 * pixels_ + pixel)};
    }
    return {Sample(3 * pixel), Sample(3 * pixel + 1), Sample(3 * pixel + 2)};
  }

 private:
  int Sample(size_t index) const {
    if (frame_.bytes_per_sample == 1) return static_cast<unsigned char>(frame_.samples[index]);
    const int low = static_cast<unsigned char>(frame_.samples[2 * index]);
    const int high = static_cast<unsigned char>(frame_.samples[2 * index + 1]);
    return std::min(255, (low | high << 8) >> shift_);
  }

  const DecodedFrame& frame_;
  const size_t columns_;
  const size_t pixels_;
  const int shift_;
  const bool halved_;
};

int Clamp(double value) { return static_cast<int>(std::min(255.0, std::max(0.0, value)) + 0.5); }

// PS3.3 C.7.6.3.1.2, the inverse of YBR_FULL: R = Y + 1.402 Cr, B = Y + 1.772 Cb, and G from
// Y = 0.299 R + 0.587 G + 0.114 B.
Triple ToRgb(const Triple& ybr) {
  const double blue = ybr[1] - 128.0;
  const double red = ybr[2] - 128.0;
  return {Clamp(ybr[0] + 1.402 * red), Clamp(ybr[0] - 0.344136 * blue - 0.714136 * red),
          Clamp(ybr[0] + 1.772 * blue)};
}

// ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, in thousandths, rounded.
int Luma(const Triple& rgb) { return (299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000; }

// 0 for every gray.
int Spread(const Triple& rgb) {
  const auto [low, high] = std::minmax_element(rgb.begin(), rgb.end());
  return *high - *low;
}

// The value at or below which 99 % of the pixels lie.
int Percentile99(const std::array<int64_t, 256>& histogram, int64_t pixels) {
  int64_t seen = 0;
  for (int value = 0; value < 256; ++value) {
    seen += histogram[static_cast<size_t>(value)];
    if (100 * seen >= 99 * pixels) return value;
  }
  return 255;
}

}  // namespace

Radiograph ToGray(const DecodedFrame& frame, const PixelFormat& format) {
  const SampleReader reader(frame, format);
  const bool ybr = frame.photometric.rfind("YBR", 0) == 0;
  Radiograph film;
  film.presentation.create(format.rows, format.columns);
  std::array<int64_t, 256> spreads = {};
  for (int row = 0; row < format.rows; ++row) {
    uint8_t* const gray = film.presentation.ptr<uint8_t>(row);
    for (int column = 0; column < format.columns; ++column) {
      const Triple samples = reader.At(static_cast<size_t>(row), static_cast<size_t>(column));
      const Triple rgb = ybr ? ToRgb(samples) : samples;
      gray[column] = static_cast<uint8_t>(ybr ? samples[0] : Luma(rgb));
      ++spreads[static_cast<size_t>(Spread(rgb))];
    }
  }
  film.colour_spread = Percentile99(spreads, format.Pixels());
  return film;
}

}  // namespace camnode
