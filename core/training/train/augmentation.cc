#include "core/training/train/augmentation.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

// Pixel sizes in a recipe are of films this wide.
constexpr double kReferenceSide = 224.0;

enum class Change : uint64_t { kPlacement = 1, kResampling, kSharpness, kGray, kNoise, kErasing };

RandomGenerator DrawsOf(Change change, uint64_t seed) {
  return RandomGenerator(MixSeeds({seed, static_cast<uint64_t>(change)}));
}

// From film to square: about the middle, scaled, stretched, turned, moved.  x -> R S (x - m) +
// m + shift, R the turn, S = diag(scale e^u, scale e^v) with u, v up to log(1 + aspect) to
// either side, so that stretching and squeezing are equally likely.
cv::Matx23d Placement(const v1::Augmentation& a, double side, RandomGenerator random) {
  const auto either_side = [&random](double range) { return random.Uniform(-range, range); };
  const double angle = either_side(a.rotation_degrees()) * CV_PI / 180.0;
  const double log_aspect = std::log1p(a.aspect());
  const double scale = a.max_scale() > 0.0 ? random.Uniform(a.min_scale(), a.max_scale()) : 1.0;
  double x = scale * std::exp(either_side(log_aspect));
  const double y = scale * std::exp(either_side(log_aspect));
  const double shift_x = either_side(a.shift()) * side;
  const double shift_y = either_side(a.shift()) * side;
  if (random.Happens(a.flip())) x = -x;
  const double middle = (side - 1.0) / 2.0;
  const double cosine = std::cos(angle);
  const double sine = std::sin(angle);
  const cv::Matx22d turn(cosine * x, -sine * y, sine * x, cosine * y);
  return cv::Matx23d(turn(0, 0), turn(0, 1),
                     middle + shift_x - (turn(0, 0) + turn(0, 1)) * middle,  //
                     turn(1, 0), turn(1, 1), middle + shift_y - (turn(1, 0) + turn(1, 1)) * middle);
}

// Shrunk by averaging areas and enlarged again: a picture of fewer pixels.
void Coarsen(const v1::Augmentation& a, RandomGenerator random, cv::Mat1b& film) {
  const bool happens = random.Happens(a.resampling_probability());
  const double share = random.Uniform(a.min_resampling(), 1.0);
  if (!happens) return;
  const int side = std::max(8, static_cast<int>(std::lround(film.cols * share)));
  cv::Mat1b small;
  cv::resize(film, small, cv::Size(side, side), 0, 0, cv::INTER_AREA);
  cv::resize(small, film, film.size(), 0, 0, cv::INTER_LINEAR);
}

// Sharpened by an unsharp mask: film + strength (film - blurred).
void BlurOrSharpen(const v1::Augmentation& a, RandomGenerator random, cv::Mat1b& film) {
  const double choice = random.Uniform(0.0, 1.0);
  const double amount = random.Uniform(0.0, 1.0);
  const double pixel = film.cols / kReferenceSide;
  cv::Mat1b blurred;
  if (choice < a.blur_probability()) {
    const double deviation = std::max(0.05, amount * a.max_blur_pixels() * pixel);
    cv::GaussianBlur(film, film, cv::Size(), deviation);
  } else if (choice < a.blur_probability() + a.sharpen_probability()) {
    cv::GaussianBlur(film, blurred, cv::Size(), std::max(0.3, 1.5 * pixel));
    const double strength = amount * a.max_sharpen();
    cv::addWeighted(film, 1.0 + strength, blurred, -strength, 0.0, film);
  }
}

// ((v / 255)^gamma - 1/2) contrast + 1/2 + brightness, by a table of the 256 levels.
void BendGrays(const v1::Augmentation& a, RandomGenerator random, cv::Mat1b& film) {
  const double gamma = std::exp(random.Uniform(-a.log_gamma(), a.log_gamma()));
  const double contrast = 1.0 + random.Uniform(-a.contrast(), a.contrast());
  const double brightness = random.Uniform(-a.brightness(), a.brightness());
  cv::Mat1b table(1, 256);
  for (int value = 0; value < 256; ++value) {
    const double bent = std::pow(value / 255.0, gamma);
    table(0, value) =
        cv::saturate_cast<uint8_t>(255.0 * ((bent - 0.5) * contrast + 0.5 + brightness));
  }
  cv::LUT(film, table, film);
}

// v + levels n, n of mean 0 and deviation 1.
void AddNoise(const v1::Augmentation& a, RandomGenerator random, cv::Mat1b& film) {
  const auto levels = static_cast<float>(random.Uniform(0.0, a.max_noise_levels()));
  if (levels <= 0.0f) return;
  for (uint8_t& value : film) {
    value = cv::saturate_cast<uint8_t>(static_cast<float>(value) + levels * random.RoughNormal());
  }
}

// A rectangle of `area` of the film in one gray; its sides are sqrt(area e^u) and
// sqrt(area e^-u) of the film's, u from -1 to 1.
void Erase(const v1::Augmentation& a, RandomGenerator random, cv::Mat1b& film) {
  const bool happens = random.Happens(a.erasing_probability());
  const double area = random.Uniform(0.0, a.max_erased_area());
  const double aspect = std::exp(random.Uniform(-1.0, 1.0));
  const double x = random.Uniform(0.0, 1.0);
  const double y = random.Uniform(0.0, 1.0);
  const auto gray = static_cast<uint8_t>(random.Below(256));
  if (!happens) return;
  const auto length = [&film](double share) {
    return std::min(film.cols, static_cast<int>(std::lround(film.cols * std::sqrt(share))));
  };
  const cv::Size size(length(area * aspect), length(area / aspect));
  const cv::Point corner(static_cast<int>(x * (film.cols - size.width)),
                         static_cast<int>(y * (film.rows - size.height)));
  film(cv::Rect(corner, size)) = gray;
}

}  // namespace

cv::Mat1b Augment(const cv::Mat1b& film, const v1::Augmentation& augmentation, uint64_t seed) {
  cv::Mat1b changed;
  cv::warpAffine(film, changed,
                 Placement(augmentation, film.cols, DrawsOf(Change::kPlacement, seed)), film.size(),
                 cv::INTER_LINEAR, cv::BORDER_CONSTANT, cv::Scalar(0));
  Coarsen(augmentation, DrawsOf(Change::kResampling, seed), changed);
  BlurOrSharpen(augmentation, DrawsOf(Change::kSharpness, seed), changed);
  BendGrays(augmentation, DrawsOf(Change::kGray, seed), changed);
  AddNoise(augmentation, DrawsOf(Change::kNoise, seed), changed);
  Erase(augmentation, DrawsOf(Change::kErasing, seed), changed);
  return changed;
}

}  // namespace camnode
