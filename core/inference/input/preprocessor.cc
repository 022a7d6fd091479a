#include "core/inference/input/preprocessor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/inference/input/antialiased_resize.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

// In double and in this order: ((clip(x) - low) / (high - low) * 255) as uint8.
cv::Mat1b FixedWindow(const cv::Mat1f& values, double center, double width) {
  const double low = center - width / 2;
  const double high = center + width / 2;
  cv::Mat1b gray(values.size());
  for (int row = 0; row < values.rows; ++row) {
    const float* in = values[row];
    uint8_t* out = gray[row];
    for (int column = 0; column < values.cols; ++column) {
      const double clipped = std::min(std::max(static_cast<double>(in[column]), low), high);
      out[column] = static_cast<uint8_t>((clipped - low) / (high - low) * 255.0);
    }
  }
  return gray;
}

// Where the film's pixels come to lie in the square.
cv::Rect FilmInSquare(const cv::Size& film, const v1::Preprocessing& options) {
  const int side = options.input_size();
  if (options.geometry() != v1::GEOMETRY_LETTERBOX) return cv::Rect(0, 0, side, side);
  const double scale = static_cast<double>(side) / std::max(film.width, film.height);
  const auto shrunk = [scale](int length) {
    return std::max(1, static_cast<int>(std::lround(length * scale)));
  };
  const cv::Size size(shrunk(film.width), shrunk(film.height));
  return cv::Rect(cv::Point((side - size.width) / 2, (side - size.height) / 2), size);
}

// What the whole square covers, in film pixels.
cv::Rect2d RegionOf(const cv::Rect& inner, const cv::Size& film, int side) {
  const double x = static_cast<double>(film.width) / inner.width;
  const double y = static_cast<double>(film.height) / inner.height;
  return cv::Rect2d(-inner.x * x, -inner.y * y, side * x, side * y);
}

// The value at or below which `percent` of the counted pixels lie (nearest rank).
int Percentile(const std::array<int64_t, 256>& histogram, int64_t pixels, double percent) {
  const auto rank = std::max<int64_t>(
      1, static_cast<int64_t>(std::ceil(static_cast<double>(pixels) * percent / 100.0)));
  int64_t seen = 0;
  for (int value = 0; value < 256; ++value) {
    seen += histogram[static_cast<size_t>(value)];
    if (seen >= rank) return value;
  }
  return 255;
}

// (v - low) 255 / (high - low), rounded and cut to 8 bits.  `background`: empty, or not 0 where
// a pixel does not count.
void StretchPercentiles(const v1::PercentileNormalization& share, const cv::Mat1b& background,
                        cv::Mat1b& gray) {
  std::array<int64_t, 256> histogram{};
  int64_t pixels = 0;
  for (int row = 0; row < gray.rows; ++row) {
    for (int column = 0; column < gray.cols; ++column) {
      if (!background.empty() && background(row, column) != 0) continue;
      ++histogram[gray(row, column)];
      ++pixels;
    }
  }
  if (pixels == 0) return;
  const int low = Percentile(histogram, pixels, share.low());
  const int high = Percentile(histogram, pixels, share.high());
  if (high <= low) return;
  gray.convertTo(gray, CV_8U, 255.0 / (high - low), -255.0 * low / (high - low));
}

// [1, 3, 1, 1], to be spread over the pixels.
torch::Tensor ThreeValues(const google::protobuf::RepeatedField<double>& values) {
  std::array<float, 3> three{};
  std::transform(values.begin(), values.begin() + 3, three.begin(),
                 [](double value) { return static_cast<float>(value); });
  return torch::tensor({three[0], three[1], three[2]}).view({1, 3, 1, 1});
}

}  // namespace

absl::StatusOr<cv::Mat1b> ApplyIntensityPolicy(const Radiograph& film,
                                               const v1::Preprocessing& options) {
  if (film.presentation.empty()) return absl::InvalidArgumentError("the film has no pixels");
  if (options.intensity() != v1::INTENSITY_POLICY_FIXED_WINDOW || film.modality_values.empty()) {
    return film.presentation;
  }
  return FixedWindow(film.modality_values, options.window_center(), options.window_width());
}

absl::StatusOr<NetworkPixels> PreparePixels(const Radiograph& film,
                                            const v1::Preprocessing& options) {
  CAMNODE_ASSIGN_OR_RETURN(const cv::Mat1b gray, ApplyIntensityPolicy(film, options));
  const cv::Rect inner = FilmInSquare(gray.size(), options);
  cv::Mat1b small = AntialiasedResize(gray, inner.size());
  if (options.has_percentile_normalization()) {
    const cv::Mat1b background =
        film.background.empty() ? cv::Mat1b() : AntialiasedResize(film.background, inner.size());
    StretchPercentiles(options.percentile_normalization(), background, small);
  }
  NetworkPixels pixels;
  const int side = options.input_size();
  pixels.placement.film = gray.size();
  pixels.placement.region = RegionOf(inner, gray.size(), side);
  if (inner.size() == cv::Size(side, side)) {
    pixels.gray = small;
  } else {
    pixels.gray = cv::Mat1b(side, side, uint8_t{0});
    small.copyTo(pixels.gray(inner));
  }
  return pixels;
}

absl::StatusOr<NetworkInput> Preprocess(const Radiograph& film, const v1::Preprocessing& options) {
  CAMNODE_ASSIGN_OR_RETURN(const NetworkPixels pixels, PreparePixels(film, options));
  const int64_t side = options.input_size();
  const torch::Tensor square =
      torch::from_blob(pixels.gray.data, {1, 1, side, side}, torch::kUInt8);
  NetworkInput input;
  input.image = (square.to(torch::kFloat32).div_(255.0) - ThreeValues(options.mean()))
                    .div_(ThreeValues(options.standard_deviation()));
  input.placement = pixels.placement;
  return input;
}

}  // namespace camnode
