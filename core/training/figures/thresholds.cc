#include "core/training/figures/thresholds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

// Probabilities are multiples of 1e-4: steps 0 to kSteps.
constexpr int kSteps = 10000;
// Sums of weights that differ by rounding only are equal.
constexpr double kRounding = 1e-12;

int StepOf(const ScoredFilm& film) {
  return static_cast<int>(std::lround(film.probability * kSteps));
}

// The weight at one probability.
struct Level {
  int step = 0;
  double positives = 0.0;
  double negatives = 0.0;
};

// Levels with weight, probabilities ascending, of films under any weights.
class Levels {
 public:
  explicit Levels(const std::vector<ScoredFilm>& films) {
    for (const ScoredFilm& film : films) {
      steps_.push_back(StepOf(film));
      positive_.push_back(film.positive);
    }
  }

  std::vector<Level> Under(const std::vector<double>& weights) const {
    std::vector<Level> all(kSteps + 1);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      Level& level = all[static_cast<std::size_t>(steps_[i])];
      level.step = steps_[i];
      (positive_[i] ? level.positives : level.negatives) += weights[i];
    }
    std::vector<Level> levels;
    for (const Level& level : all) {
      if (level.positives > 0.0 || level.negatives > 0.0) levels.push_back(level);
    }
    return levels;
  }

 private:
  std::vector<int> steps_;
  std::vector<bool> positive_;
};

// Thresholds in (low, high] call the same films positive.
struct Cut {
  int low_step = 0;
  int high_step = 0;
  double true_positives = 0.0;
  double false_positives = 0.0;
};

struct Totals {
  double positives = 0.0;
  double negatives = 0.0;
};

Totals Sum(const std::vector<Level>& levels) {
  Totals totals;
  for (const Level& level : levels) {
    totals.positives += level.positives;
    totals.negatives += level.negatives;
  }
  return totals;
}

// Thresholds falling: from the cut that calls nothing positive, where there is room for
// one under 1, to the one that calls everything so.
std::vector<Cut> CutsOf(const std::vector<Level>& levels) {
  std::vector<Cut> cuts;
  if (levels.back().step < kSteps) cuts.push_back({levels.back().step, kSteps, 0.0, 0.0});
  Totals above;
  for (std::size_t i = levels.size(); i-- > 0;) {
    above.positives += levels[i].positives;
    above.negatives += levels[i].negatives;
    cuts.push_back(
        {i == 0 ? 0 : levels[i - 1].step, levels[i].step, above.positives, above.negatives});
  }
  return cuts;
}

double Middle(int low_step, int high_step) {
  return static_cast<double>(low_step + high_step) / (2.0 * kSteps);
}

// A rule chooses a threshold from levels that hold both classes.
using Rule = std::function<double(const std::vector<Level>& levels, const Totals& totals)>;

// TP / P.
double SensitivityAt(const std::vector<Level>& levels, const Totals& totals, double threshold) {
  double called = 0.0;
  for (const Level& level : levels) {
    if (static_cast<double>(level.step) / kSteps >= threshold) called += level.positives;
  }
  return called / totals.positives;
}

// 1 - FP / N.
double SpecificityAt(const std::vector<Level>& levels, const Totals& totals, double threshold) {
  double called = 0.0;
  for (const Level& level : levels) {
    if (static_cast<double>(level.step) / kSteps >= threshold) called += level.negatives;
  }
  return 1.0 - called / totals.negatives;
}

absl::StatusOr<ThresholdChoice> Choose(const std::vector<ScoredFilm>& films, const Rule& rule,
                                       const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  ThresholdChoice choice;
  std::vector<double> weights;
  for (const ScoredFilm& film : films) {
    weights.push_back(film.weight);
    if (film.weight > 0.0) ++(film.positive ? choice.positives : choice.negatives);
  }
  const Levels films_by_level(films);
  const std::vector<Level> levels = films_by_level.Under(weights);
  const double threshold = rule(levels, Sum(levels));
  const auto figures = [&](const std::vector<double>& round_weights) {
    const std::vector<Level> drawn = films_by_level.Under(round_weights);
    const Totals totals = Sum(drawn);
    std::vector<absl::optional<double>> values(3);
    const bool has_positives = totals.positives > 0.0;
    const bool has_negatives = totals.negatives > 0.0;
    if (has_positives && has_negatives) values[0] = rule(drawn, totals);
    if (has_positives) values[1] = SensitivityAt(drawn, totals, threshold);
    if (has_negatives) values[2] = SpecificityAt(drawn, totals, threshold);
    return values;
  };
  CAMNODE_ASSIGN_OR_RETURN(const auto intervals, BootstrapIntervals(films, figures, options));
  choice.threshold = intervals[0];
  choice.sensitivity = intervals[1];
  choice.specificity = intervals[2];
  return choice;
}

// J = TP / P - FP / N.  The plateau is from the lowest to the highest cut whose J is at most
// `tolerance` below the greatest; its middle is the threshold.
double YoudenCut(const std::vector<Level>& levels, const Totals& totals, double tolerance) {
  const std::vector<Cut> cuts = CutsOf(levels);
  const auto j_of = [&totals](const Cut& cut) {
    return cut.true_positives / totals.positives - cut.false_positives / totals.negatives;
  };
  double greatest = j_of(cuts.front());
  for (const Cut& cut : cuts) greatest = std::max(greatest, j_of(cut));
  int low_step = kSteps;
  int high_step = 0;
  for (const Cut& cut : cuts) {
    if (j_of(cut) < greatest - tolerance - kRounding) continue;
    low_step = std::min(low_step, cut.low_step);
    high_step = std::max(high_step, cut.high_step);
  }
  return Middle(low_step, high_step);
}

// F1 = 2 TP / (TP + FP + P); cuts come highest first, so of equal ones that is kept.
double F1Cut(const std::vector<Level>& levels, const Totals& totals) {
  double greatest = -1.0;
  double threshold = 0.0;
  for (const Cut& cut : CutsOf(levels)) {
    const double f1 =
        2.0 * cut.true_positives / (cut.true_positives + cut.false_positives + totals.positives);
    if (f1 <= greatest + kRounding) continue;
    greatest = f1;
    threshold = Middle(cut.low_step, cut.high_step);
  }
  return threshold;
}

// The first cut, from the highest, with TP >= sensitivity P.
double SensitivityCut(const std::vector<Level>& levels, const Totals& totals, double sensitivity) {
  for (const Cut& cut : CutsOf(levels)) {
    if (cut.true_positives >= (sensitivity - kRounding) * totals.positives) {
      return Middle(cut.low_step, cut.high_step);
    }
  }
  return 0.0;  // Everything is positive at 0.
}

}  // namespace

absl::StatusOr<ThresholdChoice> YoudenThreshold(const std::vector<ScoredFilm>& films,
                                                const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  int counts[2] = {0, 0};
  for (const ScoredFilm& film : films) {
    if (film.weight > 0.0) ++counts[film.positive ? 1 : 0];
  }
  const double tolerance = 1.0 / std::min(counts[0], counts[1]);
  return Choose(
      films,
      [tolerance](const std::vector<Level>& levels, const Totals& totals) {
        return YoudenCut(levels, totals, tolerance);
      },
      options);
}

absl::StatusOr<ThresholdChoice> F1Threshold(const std::vector<ScoredFilm>& films,
                                            const BootstrapOptions& options) {
  return Choose(films, F1Cut, options);
}

absl::StatusOr<ThresholdChoice> SensitivityThreshold(const std::vector<ScoredFilm>& films,
                                                     double sensitivity,
                                                     const BootstrapOptions& options) {
  if (!(sensitivity > 0.0 && sensitivity <= 1.0)) {
    return absl::InvalidArgumentError(absl::StrCat("sensitivity ", sensitivity));
  }
  return Choose(
      films,
      [sensitivity](const std::vector<Level>& levels, const Totals& totals) {
        return SensitivityCut(levels, totals, sensitivity);
      },
      options);
}

absl::StatusOr<ThresholdChoice> ShippedThreshold(const std::vector<ScoredFilm>& films,
                                                 const BootstrapOptions& options) {
  return SensitivityThreshold(films, kShippedSensitivity, options);
}

}  // namespace camnode
