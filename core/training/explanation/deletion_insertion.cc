#include "core/training/explanation/deletion_insertion.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <opencv2/imgproc.hpp>

#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/resample.h"
#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

// `base` with the first `count` pixels of `order` from `other`, in every channel.
ClassifierInput Mixed(const ClassifierInput& base, const ClassifierInput& other,
                      const std::vector<int>& order, size_t count) {
  ClassifierInput mixed = base;
  const size_t plane = order.size();
  for (size_t channel = 0; channel < base.image.size() / plane; ++channel) {
    for (size_t i = 0; i < count; ++i) {
      const size_t place = channel * plane + static_cast<size_t>(order[i]);
      mixed.image[place] = other.image[place];
    }
  }
  return mixed;
}

size_t PixelsAt(int step, int steps, size_t pixels) {
  return pixels * static_cast<size_t>(step) / static_cast<size_t>(steps);
}

// Trapezia over equal steps of a length of 1.
double AreaUnder(const std::vector<double>& curve) {
  double sum = 0.0;
  for (size_t i = 1; i < curve.size(); ++i) sum += (curve[i - 1] + curve[i]) / 2.0;
  return sum / static_cast<double>(curve.size() - 1);
}

// Inner points of each map in turn: those of insertion, then those of deletion.
absl::StatusOr<std::vector<double>> InnerLogits(ExplainedModel& model, const ClassifierInput& whole,
                                                const ClassifierInput& deleted,
                                                const std::vector<std::vector<int>>& orders,
                                                int steps) {
  std::vector<ClassifierInput> inputs;
  for (const std::vector<int>& order : orders) {
    for (int step = 1; step < steps; ++step) {
      inputs.push_back(Mixed(deleted, whole, order, PixelsAt(step, steps, order.size())));
    }
    for (int step = 1; step < steps; ++step) {
      inputs.push_back(Mixed(whole, deleted, order, PixelsAt(step, steps, order.size())));
    }
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelResult> results, model.Classify(inputs));
  std::vector<double> logits;
  for (const ModelResult& result : results) {
    logits.push_back(static_cast<double>(result.finding.logit));
  }
  return logits;
}

// curve = (logit - deleted) / max(|whole - deleted|, kScaleFloor); its ends are the same for
// every map.
DeletionInsertion MakeCurves(const FilmCurves& film, const std::vector<double>& inner) {
  const double scale = std::max(std::abs(film.whole_logit - film.deleted_logit), kScaleFloor);
  const auto share = [&](double logit) { return (logit - film.deleted_logit) / scale; };
  const auto curve = [&](double first, size_t from, double last) {
    std::vector<double> values = {share(first)};
    for (size_t i = 0; i < inner.size() / 2; ++i) values.push_back(share(inner[from + i]));
    values.push_back(share(last));
    return values;
  };
  DeletionInsertion curves;
  curves.insertion_curve = curve(film.deleted_logit, 0, film.whole_logit);
  curves.deletion_curve = curve(film.whole_logit, inner.size() / 2, film.deleted_logit);
  curves.insertion = AreaUnder(curves.insertion_curve);
  curves.deletion = AreaUnder(curves.deletion_curve);
  curves.score = curves.insertion - curves.deletion;
  return curves;
}

// A picture of the same spectrum with random phases, the same for every channel.  The
// picture is mirrored to the right and down first, so that its edges meet.
cv::Mat1f ScramblePhases(const cv::Mat1f& picture, uint64_t seed) {
  cv::Mat1f mirrored;
  cv::copyMakeBorder(picture, mirrored, 0, picture.rows, 0, picture.cols, cv::BORDER_REFLECT);
  cv::Mat1f noise(mirrored.size());
  RandomGenerator random(seed);
  for (float& value : noise) value = static_cast<float>(random.Uniform() - 0.5);
  cv::Mat2f spectrum;
  cv::Mat2f phases;
  cv::dft(mirrored, spectrum, cv::DFT_COMPLEX_OUTPUT);
  cv::dft(noise, phases, cv::DFT_COMPLEX_OUTPUT);
  // |F(picture)| F(noise) / |F(noise)|: the amplitudes stay, the phases are the noise's, and
  // the noise being real the result is.
  for (int row = 0; row < spectrum.rows; ++row) {
    for (int column = 0; column < spectrum.cols; ++column) {
      const cv::Vec2f phase = phases(row, column);
      const auto length = static_cast<float>(cv::norm(phase));
      const auto amplitude = static_cast<float>(cv::norm(spectrum(row, column)));
      spectrum(row, column) = length > 0.0f ? phase * (amplitude / length) : cv::Vec2f(0, 0);
    }
  }
  cv::Mat1f scrambled;
  cv::dft(spectrum, scrambled, cv::DFT_INVERSE | cv::DFT_SCALE | cv::DFT_REAL_OUTPUT);
  return scrambled(cv::Rect(0, 0, picture.cols, picture.rows)).clone();
}

}  // namespace

std::vector<int> PixelOrder(const cv::Mat1f& map, const cv::Mat1f& ties, int64_t side) {
  const cv::Size grid(static_cast<int>(side), static_cast<int>(side));
  const cv::Mat1d values = Resample(map, grid);
  const cv::Mat1d second = Resample(ties, grid);
  const double* value = values[0];
  const double* tie = second[0];
  std::vector<int> order(static_cast<size_t>(side * side));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [value, tie](int a, int b) {
    if (value[a] != value[b]) return value[a] > value[b];
    if (tie[a] != tie[b]) return tie[a] > tie[b];
    return a < b;
  });
  return order;
}

ClassifierInput Blurred(const ClassifierInput& input, double sigma) {
  ClassifierInput blurred = input;
  const int side = static_cast<int>(input.side);
  sigma *= side;
  const size_t plane = static_cast<size_t>(side) * static_cast<size_t>(side);
  for (size_t first = 0; first + plane <= blurred.image.size(); first += plane) {
    cv::Mat1f channel(side, side, &blurred.image[first]);
    cv::GaussianBlur(channel.clone(), channel, cv::Size(), sigma, sigma, cv::BORDER_REFLECT);
  }
  return blurred;
}

ClassifierInput Deleted(const ClassifierInput& input, const DeletionInsertionOptions& options,
                        uint64_t seed) {
  ClassifierInput deleted = Blurred(input, options.blur_sigma);
  if (options.fill == FillKind::kBlur) return deleted;
  const int side = static_cast<int>(input.side);
  const size_t plane = static_cast<size_t>(side) * static_cast<size_t>(side);
  ClassifierInput whole = input;
  for (size_t first = 0; first + plane <= deleted.image.size(); first += plane) {
    const cv::Mat1f film(side, side, &whole.image[first]);
    cv::Mat1f channel(side, side, &deleted.image[first]);
    // blurred + scrambled(film - blurred).
    cv::add(channel, ScramblePhases(cv::Mat1f(film - channel), seed), channel);
  }
  return deleted;
}

absl::StatusOr<FilmCurves> MeasureDeletionInsertion(
    ExplainedModel& model, const ClassifierInput& input, const std::vector<cv::Mat1f>& maps,
    const cv::Mat1f& ties, const DeletionInsertionOptions& options, uint64_t seed) {
  const ClassifierInput deleted = Deleted(input, options, seed);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelResult> ends, model.Classify({input, deleted}));
  FilmCurves film;
  film.whole_logit = static_cast<double>(ends[0].finding.logit);
  film.deleted_logit = static_cast<double>(ends[1].finding.logit);
  film.at_scale_floor = std::abs(film.whole_logit - film.deleted_logit) < kScaleFloor;
  std::vector<std::vector<int>> orders;
  for (const cv::Mat1f& map : maps) orders.push_back(PixelOrder(map, ties, input.side));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<double> inner,
                           InnerLogits(model, input, deleted, orders, options.steps));
  const auto each = static_cast<std::ptrdiff_t>(2 * (options.steps - 1));
  for (auto own = inner.begin(); own != inner.end(); own += each) {
    film.maps.push_back(MakeCurves(film, std::vector<double>(own, own + each)));
  }
  return film;
}

}  // namespace camnode
