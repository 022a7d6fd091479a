#include "core/training/figures/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/inference/ranked_scores.h"
#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

std::vector<double> WeightsOf(const std::vector<ScoredFilm>& films) {
  std::vector<double> weights;
  weights.reserve(films.size());
  for (const ScoredFilm& film : films) weights.push_back(film.weight);
  return weights;
}

RankedScores Rank(const std::vector<ScoredFilm>& films, Score score) {
  std::vector<double> scores;
  std::vector<bool> positive;
  for (const ScoredFilm& film : films) {
    scores.push_back(ScoreOf(film, score));
    positive.push_back(film.positive);
  }
  return RankedScores(scores, positive);
}

absl::Status CheckOptions(const BootstrapOptions& options) {
  if (options.rounds < 1) return absl::InvalidArgumentError("a bootstrap needs rounds");
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("confidence ", options.confidence, " is not between 0 and 1"));
  }
  return absl::OkStatus();
}

bool IsDefined(const absl::optional<double>& value) {
  return value.has_value() && std::isfinite(*value);
}

// Of a sorted, not empty list: at rank q (n - 1), between two ranks linearly.
double SortedQuantile(const std::vector<double>& sorted, double quantile) {
  const double place = quantile * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = place - static_cast<double>(below);
  return sorted[below] + fraction * (sorted[above] - sorted[below]);
}

}  // namespace

PatientResampler::PatientResampler(const std::vector<ScoredFilm>& films, uint64_t seed)
    : weights_(WeightsOf(films)), seed_(seed) {
  // Ordered by name, so that the order of the films does not matter to who is drawn.
  std::map<std::string, std::pair<bool, std::vector<std::size_t>>> patients;
  for (std::size_t i = 0; i < films.size(); ++i) {
    auto& [has_positive, theirs] = patients[films[i].patient];
    has_positive = has_positive || films[i].positive;
    theirs.push_back(i);
  }
  patients_ = static_cast<int>(patients.size());
  for (auto& [name, patient] : patients) {
    strata_[patient.first ? 1 : 0].push_back(std::move(patient.second));
  }
}

// In each stratum as many patients as it has, with replacement; a film's weight is its own
// times how often its patient came.
void PatientResampler::Draw(int round, std::vector<double>* weights) const {
  RandomGenerator random(seed_, static_cast<uint64_t>(round));
  weights->assign(weights_.size(), 0.0);
  for (const auto& patients : strata_) {
    for (std::size_t draw = 0; draw < patients.size(); ++draw) {
      for (const std::size_t film : patients[random.Below(patients.size())]) {
        (*weights)[film] += weights_[film];
      }
    }
  }
}

absl::StatusOr<std::vector<Interval>> BootstrapIntervals(const std::vector<ScoredFilm>& films,
                                                         const WeightedStatistics& statistics,
                                                         const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckOptions(options));
  const std::vector<absl::optional<double>> estimates = statistics(WeightsOf(films));
  if (!std::all_of(estimates.begin(), estimates.end(), IsDefined)) {
    return absl::InvalidArgumentError("a figure is not defined for these films");
  }
  std::vector<std::vector<double>> values(estimates.size());
  const PatientResampler resampler(films, options.seed);
  std::vector<double> weights;
  for (int round = 0; round < options.rounds; ++round) {
    resampler.Draw(round, &weights);
    const std::vector<absl::optional<double>> figures = statistics(weights);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (IsDefined(figures.at(i))) values[i].push_back(*figures[i]);
    }
  }
  std::vector<Interval> intervals;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (2 * values[i].size() < static_cast<std::size_t>(options.rounds)) {
      return absl::InvalidArgumentError("a figure is not defined in most bootstrap rounds");
    }
    std::sort(values[i].begin(), values[i].end());
    // The percentile interval.
    const double tail = 0.5 * (1.0 - options.confidence);
    intervals.push_back(
        {*estimates[i], SortedQuantile(values[i], tail), SortedQuantile(values[i], 1.0 - tail)});
  }
  return intervals;
}

absl::StatusOr<Interval> BootstrapInterval(const std::vector<ScoredFilm>& films,
                                           const WeightedStatistic& statistic,
                                           const BootstrapOptions& options) {
  const auto one = [&statistic](const std::vector<double>& weights) {
    return std::vector<absl::optional<double>>{statistic(weights)};
  };
  CAMNODE_ASSIGN_OR_RETURN(const auto intervals, BootstrapIntervals(films, one, options));
  return intervals.front();
}

absl::StatusOr<Interval> AucInterval(const std::vector<ScoredFilm>& films, Score score,
                                     const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  const RankedScores ranked = Rank(films, score);
  return BootstrapInterval(
      films, [&ranked](const std::vector<double>& weights) { return ranked.AreaUnderRoc(weights); },
      options);
}

absl::StatusOr<Interval> AucDifference(const std::vector<ScoredFilm>& first,
                                       const std::vector<ScoredFilm>& second, Score score,
                                       const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(first));
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(second));
  const auto same = [](const ScoredFilm& a, const ScoredFilm& b) {
    return a.name == b.name && a.patient == b.patient && a.positive == b.positive &&
           a.weight == b.weight;
  };
  if (!std::equal(first.begin(), first.end(), second.begin(), second.end(), same)) {
    return absl::InvalidArgumentError("the two models were not scored over the same films");
  }
  const RankedScores ranked_first = Rank(first, score);
  const RankedScores ranked_second = Rank(second, score);
  return BootstrapInterval(
      first,
      [&](const std::vector<double>& weights) -> absl::optional<double> {
        const absl::optional<double> a = ranked_first.AreaUnderRoc(weights);
        const absl::optional<double> b = ranked_second.AreaUnderRoc(weights);
        if (!a.has_value() || !b.has_value()) return absl::nullopt;
        return *a - *b;
      },
      options);
}

double Quantile(std::vector<double> values, double quantile) {
  std::sort(values.begin(), values.end());
  return SortedQuantile(values, quantile);
}

}  // namespace camnode
