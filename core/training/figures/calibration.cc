#include "core/training/figures/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/models/model_repository.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/logistic_regression.h"
#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

// Which films are in which bin: by probability alone, so that it stays when labels are
// drawn.
struct Bins {
  std::vector<std::vector<std::size_t>> films;  // Films of positive weight.
  std::vector<double> weight;
  std::vector<double> probability_sum;  // Weighted.
  double total_weight = 0.0;
};

// Films of positive weight, probabilities ascending.
std::vector<std::size_t> Ascending(const std::vector<ScoredFilm>& films) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (films[i].weight > 0.0) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&films](std::size_t a, std::size_t b) {
    return films[a].probability < films[b].probability;
  });
  return order;
}

// Bin floor(count place) of place 0 to 1: the probability, or under equal mass the share of the
// weight that lies below it.  Films of one probability stay together.
Bins FillBins(const std::vector<ScoredFilm>& films, Binning binning, int count) {
  const std::vector<std::size_t> order = Ascending(films);
  Bins bins;
  for (const std::size_t film : order) bins.total_weight += films[film].weight;
  int last = -1;
  double below = 0.0;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    const double probability = films[order[begin]].probability;
    double tied = 0.0;
    for (end = begin; end < order.size() && films[order[end]].probability == probability; ++end) {
      tied += films[order[end]].weight;
    }
    // Equal mass: by the middle of the tie.
    const double place =
        binning == Binning::kEqualMass ? (below + 0.5 * tied) / bins.total_weight : probability;
    const int bin = std::min(count - 1, static_cast<int>(place * count + 1e-9));
    if (bin != last) {
      bins.films.emplace_back();
      bins.weight.push_back(0.0);
      bins.probability_sum.push_back(0.0);
      last = bin;
    }
    bins.films.back().insert(bins.films.back().end(), order.begin() + begin, order.begin() + end);
    bins.weight.back() += tied;
    bins.probability_sum.back() += tied * probability;
    below += tied;
  }
  return bins;
}

absl::StatusOr<Bins> MakeBins(const std::vector<ScoredFilm>& films, Binning binning, int count) {
  CAMNODE_RETURN_IF_ERROR(CheckFilmValues(films));
  if (count < 1) return absl::InvalidArgumentError(absl::StrCat(count, " bins"));
  return FillBins(films, binning, count);
}

// sum over the bins |sum(w p) - sum(w y)| / sum(w), with labels y drawn from the probabilities:
// ExpectedCalibrationError, multiplied out.
double ErrorOfDrawnLabels(const std::vector<ScoredFilm>& films, const Bins& bins,
                          RandomGenerator random) {
  double error = 0.0;
  for (std::size_t bin = 0; bin < bins.films.size(); ++bin) {
    double positives = 0.0;
    for (const std::size_t film : bins.films[bin]) {
      if (random.Uniform() < films[film].probability) positives += films[film].weight;
    }
    error += std::abs(bins.probability_sum[bin] - positives) / bins.total_weight;
  }
  return error;
}

// log(p / (1 - p)).
double LogOddsOf(double share) { return std::log(share) - std::log1p(-share); }

}  // namespace

absl::StatusOr<std::vector<ReliabilityBin>> ReliabilityCurve(const std::vector<ScoredFilm>& films,
                                                             Binning binning, int bins) {
  CAMNODE_ASSIGN_OR_RETURN(const Bins filled, MakeBins(films, binning, bins));
  std::vector<ReliabilityBin> curve;
  for (std::size_t i = 0; i < filled.films.size(); ++i) {
    double positives = 0.0;
    for (const std::size_t film : filled.films[i]) {
      if (films[film].positive) positives += films[film].weight;
    }
    ReliabilityBin bin;
    bin.lowest_probability = films[filled.films[i].front()].probability;
    bin.highest_probability = films[filled.films[i].back()].probability;
    bin.films = static_cast<int>(filled.films[i].size());
    bin.weight = filled.weight[i];
    bin.mean_probability = filled.probability_sum[i] / filled.weight[i];
    bin.positive_share = positives / filled.weight[i];
    curve.push_back(bin);
  }
  return curve;
}

double ExpectedCalibrationError(const std::vector<ReliabilityBin>& curve) {
  double error = 0.0;
  double weight = 0.0;
  for (const ReliabilityBin& bin : curve) {
    error += bin.weight * std::abs(bin.mean_probability - bin.positive_share);
    weight += bin.weight;
  }
  return weight > 0.0 ? error / weight : 0.0;
}

absl::StatusOr<CalibrationError> MeasureCalibration(const std::vector<ScoredFilm>& films,
                                                    const CalibrationErrorOptions& options) {
  if (options.rounds < 1) return absl::InvalidArgumentError("a noise floor needs rounds");
  CAMNODE_ASSIGN_OR_RETURN(const auto curve,
                           ReliabilityCurve(films, options.binning, options.bins));
  const Bins bins = FillBins(films, options.binning, options.bins);
  std::vector<double> errors;
  for (int round = 0; round < options.rounds; ++round) {
    errors.push_back(ErrorOfDrawnLabels(
        films, bins, RandomGenerator(options.seed, static_cast<uint64_t>(round))));
  }
  CalibrationError result;
  result.error = ExpectedCalibrationError(curve);
  result.floor.mean = std::accumulate(errors.begin(), errors.end(), 0.0) / options.rounds;
  result.floor.high = Quantile(std::move(errors), 0.95);
  return result;
}

absl::StatusOr<double> PositiveShare(const std::vector<ScoredFilm>& films) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  double positives = 0.0;
  double weight = 0.0;
  for (const ScoredFilm& film : films) {
    if (film.positive) positives += film.weight;
    weight += film.weight;
  }
  return positives / weight;
}

absl::StatusOr<camnode::model::v1::Calibration> FitPlattScaling(
    const std::vector<ScoredFilm>& films, double prevalence) {
  CAMNODE_ASSIGN_OR_RETURN(const double share, PositiveShare(films));
  if (!(prevalence > 0.0 && prevalence < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("prevalence ", prevalence, " is not between 0 and 1"));
  }
  // Sums of weights of mean 1: what the films that the targets add count against.
  const double positives = share * static_cast<double>(films.size());
  const double negatives = static_cast<double>(films.size()) - positives;
  LogisticProblem problem;
  problem.l2 = 0.0;  // The targets keep the scale finite.
  for (const ScoredFilm& film : films) {
    problem.rows.push_back({film.logit});
    problem.targets.push_back(film.positive ? (positives + 1.0) / (positives + 2.0)
                                            : 1.0 / (negatives + 2.0));
    problem.weights.push_back(film.weight);
  }
  CAMNODE_ASSIGN_OR_RETURN(const LogisticModel model, FitLogisticRegression(problem));
  const double scale = model.coefficients[0] / model.deviations[0];
  if (!(scale > 0.0)) {
    return absl::FailedPreconditionError("the logit does not rise with the label");
  }
  // The fit is intercept + b (logit - mean) / deviation: b / deviation is the scale, and
  // what stands without the logit the offset; the prevalence's log odds take the place of
  // the films' own.
  camnode::model::v1::Calibration calibration;
  calibration.set_scale(scale);
  calibration.set_offset(model.intercept - scale * model.means[0] + LogOddsOf(prevalence) -
                         LogOddsOf(share));
  return calibration;
}

void ApplyCalibration(const camnode::model::v1::Calibration& calibration,
                      std::vector<ScoredFilm>* films) {
  for (ScoredFilm& film : *films) {
    film.probability = CalibratedProbability(calibration, film.logit);
  }
}

}  // namespace camnode
