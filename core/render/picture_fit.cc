#include "core/render/picture_fit.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "absl/strings/str_cat.h"
#include "core/domain/analysis.h"
#include "core/domain/placement.h"

namespace camnode {

bool PictureLimit::Allows(const cv::Size& picture) const {
  if (max_long_side <= 0) return true;
  const double area = static_cast<double>(picture.width) * picture.height;
  return std::max(picture.width, picture.height) <= max_long_side &&
         area <= area_share * max_long_side * max_long_side;
}

cv::Size ScaledToLongSide(const cv::Size& film, int long_side) {
  const double scale = static_cast<double>(long_side) / std::max(film.width, film.height);
  const auto scaled = [scale](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  return cv::Size(scaled(film.width), scaled(film.height));
}

// By halving: `fitting` fits (or is 1), `too_large` does not.
cv::Size LargestFit(const cv::Size& film, absl::FunctionRef<bool(const cv::Size&)> fits) {
  int fitting = 1;
  int too_large = std::max(film.width, film.height) + 1;
  while (too_large - fitting > 1) {
    const int middle = fitting + (too_large - fitting) / 2;
    (fits(ScaledToLongSide(film, middle)) ? fitting : too_large) = middle;
  }
  return ScaledToLongSide(film, fitting);
}

cv::Mat1b ResizeFilm(const cv::Mat1b& film, const cv::Size& size) {
  if (film.size() == size) return film;
  cv::Mat1b resized;
  cv::resize(film, resized, size, 0, 0, cv::INTER_AREA);
  return resized;
}

int LongSideFor(const cv::Size& film, int max_long_side) {
  const int own = std::max(film.width, film.height);
  return max_long_side <= 0 ? own : std::min(own, max_long_side);
}

int CapitalHeight(int picture_long_side) {
  return std::clamp(static_cast<int>(std::lround(picture_long_side / 85.0)), 10, 48);
}

absl::Status CheckPicture(const cv::Mat1b& film, const OverlayOptions& options) {
  if (film.empty()) return absl::InvalidArgumentError("film is empty");
  if (!(options.alpha >= 0.0 && options.alpha <= 1.0)) {
    return absl::InvalidArgumentError("alpha must be 0 to 1");
  }
  if (options.max_long_side != 0 && options.max_long_side < kMinLongSide) {
    return absl::InvalidArgumentError(
        absl::StrCat("long side must be 0 (native) or at least ", kMinLongSide, " pixels"));
  }
  return absl::OkStatus();
}

absl::Status CheckMap(const ModelResult& result) {
  const Placement& placement = result.placement;
  if (result.heatmap.values.empty()) return absl::InvalidArgumentError("map is empty");
  if (placement.film.area() <= 0 || !(placement.region.width > 0.0) ||
      !(placement.region.height > 0.0)) {
    return absl::InvalidArgumentError("the map's place on the film has no area");
  }
  return absl::OkStatus();
}

}  // namespace camnode
