#include "core/training/figures/score_metrics.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/inference/ranked_scores.h"
#include "core/models/model_repository.h"

namespace camnode {
namespace {

// Half a step of what serving rounds to.
constexpr double kLeastProbability = 5e-5;

absl::optional<double> Share(double part, double whole) {
  if (!(whole > 0.0)) return absl::nullopt;
  return part / whole;
}

// Weights at or above one threshold.
struct Cut {
  double threshold = 0.0;
  double positives = 0.0;
  double negatives = 0.0;
};

// One for each distinct score of positive weight, thresholds falling.
std::vector<Cut> Cuts(const std::vector<ScoredFilm>& films, Score score) {
  std::vector<const ScoredFilm*> falling;
  for (const ScoredFilm& film : films) {
    if (film.weight > 0.0) falling.push_back(&film);
  }
  std::stable_sort(falling.begin(), falling.end(), [score](const auto* a, const auto* b) {
    return ScoreOf(*a, score) > ScoreOf(*b, score);
  });
  std::vector<Cut> cuts;
  Cut sum;
  for (const ScoredFilm* film : falling) {
    const double threshold = ScoreOf(*film, score);
    if (cuts.empty() || threshold < cuts.back().threshold) cuts.emplace_back();
    (film->positive ? sum.positives : sum.negatives) += film->weight;
    cuts.back() = {threshold, sum.positives, sum.negatives};
  }
  return cuts;
}

// precision = TP / (TP + FP), recall = TP / (TP + FN), F1 = 2 TP / (2 TP + FP + FN), of
// the class that is `right`.
ClassFigures FiguresOf(double right, double wrongly_called, double missed) {
  ClassFigures figures;
  figures.precision = Share(right, right + wrongly_called).value_or(0.0);
  figures.recall = Share(right, right + missed).value_or(0.0);
  figures.f1 = Share(2.0 * right, 2.0 * right + wrongly_called + missed).value_or(0.0);
  figures.support = right + missed;
  return figures;
}

ClassFigures Mean(const ClassFigures& a, double share_of_a, const ClassFigures& b) {
  const auto mix = [share_of_a](double x, double y) {
    return share_of_a * x + (1.0 - share_of_a) * y;
  };
  return {mix(a.precision, b.precision), mix(a.recall, b.recall), mix(a.f1, b.f1),
          a.support + b.support};
}

// sum(w loss) / sum(w).
template <typename Loss>
absl::StatusOr<double> MeanLoss(const std::vector<ScoredFilm>& films, const Loss& loss) {
  CAMNODE_RETURN_IF_ERROR(CheckFilmValues(films));
  double sum = 0.0;
  double weight = 0.0;
  for (const ScoredFilm& film : films) {
    sum += film.weight * loss(film);
    weight += film.weight;
  }
  return sum / weight;
}

}  // namespace

absl::Status CheckFilmValues(const std::vector<ScoredFilm>& films) {
  double weight = 0.0;
  for (const ScoredFilm& film : films) {
    if (!std::isfinite(film.logit) || !(film.probability >= 0.0 && film.probability <= 1.0)) {
      return absl::InvalidArgumentError(absl::StrCat(film.name, ": no score"));
    }
    if (!std::isfinite(film.weight) || film.weight < 0.0) {
      return absl::InvalidArgumentError(absl::StrCat(film.name, ": weight ", film.weight));
    }
    weight += film.weight;
  }
  if (!(weight > 0.0)) return absl::InvalidArgumentError("no film of positive weight");
  if (!std::isfinite(weight)) return absl::InvalidArgumentError("the weights overflow");
  return absl::OkStatus();
}

absl::Status CheckScoredFilms(const std::vector<ScoredFilm>& films) {
  CAMNODE_RETURN_IF_ERROR(CheckFilmValues(films));
  for (const bool positive : {false, true}) {
    if (std::none_of(films.begin(), films.end(), [positive](const ScoredFilm& film) {
          return film.positive == positive && film.weight > 0.0;
        })) {
      return absl::InvalidArgumentError(
          absl::StrCat("no ", positive ? "positive" : "negative", " film"));
    }
  }
  return absl::OkStatus();
}

double ScoreOf(const ScoredFilm& film, Score score) {
  return score == Score::kLogit ? film.logit : RoundProbability(film.probability);
}

bool IsPositive(double probability, double threshold) {
  return RoundProbability(probability) >= threshold;
}

absl::StatusOr<std::vector<RocPoint>> RocCurve(const std::vector<ScoredFilm>& films, Score score) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  const std::vector<Cut> cuts = Cuts(films, score);
  const Cut& all = cuts.back();
  std::vector<RocPoint> curve = {{cuts.front().threshold + 1.0, 0.0, 0.0}};
  for (const Cut& cut : cuts) {
    curve.push_back({cut.threshold, cut.negatives / all.negatives, cut.positives / all.positives});
  }
  return curve;
}

// P(positive > negative) + P(equal) / 2, which is the trapezoid area under RocCurve.
absl::StatusOr<double> Auc(const std::vector<ScoredFilm>& films, Score score) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  std::vector<double> scores;
  std::vector<bool> positive;
  std::vector<double> weights;
  for (const ScoredFilm& film : films) {
    scores.push_back(ScoreOf(film, score));
    positive.push_back(film.positive);
    weights.push_back(film.weight);
  }
  return RankedScores(scores, positive).AreaUnderRoc(weights).value();
}

absl::StatusOr<std::vector<PrecisionRecallPoint>> PrecisionRecallCurve(
    const std::vector<ScoredFilm>& films, Score score) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  const std::vector<Cut> cuts = Cuts(films, score);
  std::vector<PrecisionRecallPoint> curve;
  for (const Cut& cut : cuts) {
    curve.push_back({cut.threshold, cut.positives / cuts.back().positives,
                     cut.positives / (cut.positives + cut.negatives)});
  }
  return curve;
}

// sum of precision (recall - recall before): a staircase, no trapezia.
absl::StatusOr<double> AveragePrecision(const std::vector<ScoredFilm>& films, Score score) {
  CAMNODE_ASSIGN_OR_RETURN(const auto curve, PrecisionRecallCurve(films, score));
  double sum = 0.0;
  double recall = 0.0;
  for (const PrecisionRecallPoint& point : curve) {
    sum += point.precision * (point.recall - recall);
    recall = point.recall;
  }
  return sum;
}

Confusion CountConfusion(const std::vector<ScoredFilm>& films, double threshold) {
  Confusion confusion;
  for (const ScoredFilm& film : films) {
    const bool called = IsPositive(film.probability, threshold);
    if (film.positive) {
      (called ? confusion.true_positives : confusion.false_negatives) += film.weight;
    } else {
      (called ? confusion.false_positives : confusion.true_negatives) += film.weight;
    }
  }
  return confusion;
}

absl::optional<double> Sensitivity(const Confusion& c) {
  return Share(c.true_positives, c.true_positives + c.false_negatives);
}

absl::optional<double> Specificity(const Confusion& c) {
  return Share(c.true_negatives, c.true_negatives + c.false_positives);
}

absl::optional<double> Accuracy(const Confusion& c) {
  return Share(c.true_positives + c.true_negatives,
               c.true_positives + c.true_negatives + c.false_positives + c.false_negatives);
}

absl::optional<double> F1(const Confusion& c) {
  return Share(2.0 * c.true_positives,
               2.0 * c.true_positives + c.false_positives + c.false_negatives);
}

ClassificationReport MakeClassificationReport(const Confusion& c) {
  ClassificationReport report;
  report.positive = FiguresOf(c.true_positives, c.false_positives, c.false_negatives);
  report.negative = FiguresOf(c.true_negatives, c.false_negatives, c.false_positives);
  report.macro = Mean(report.negative, 0.5, report.positive);
  const double films = report.negative.support + report.positive.support;
  report.weighted =
      Mean(report.negative, Share(report.negative.support, films).value_or(0.5), report.positive);
  report.accuracy = Accuracy(c).value_or(0.0);
  return report;
}

absl::StatusOr<double> LogLoss(const std::vector<ScoredFilm>& films) {
  return MeanLoss(films, [](const ScoredFilm& film) {
    const double of_label = film.positive ? film.probability : 1.0 - film.probability;
    return -std::log(std::min(std::max(of_label, kLeastProbability), 1.0 - kLeastProbability));
  });
}

absl::StatusOr<double> BrierScore(const std::vector<ScoredFilm>& films) {
  return MeanLoss(films, [](const ScoredFilm& film) {
    const double miss = film.probability - (film.positive ? 1.0 : 0.0);
    return miss * miss;
  });
}

}  // namespace camnode
