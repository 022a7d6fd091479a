#include "core/training/figures/shortcut_baseline.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/inference/ranked_scores.h"

namespace camnode {
namespace {

using Rows = std::vector<std::vector<double>>;

double Sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

absl::Status CheckRows(const Rows& rows, const std::vector<ScoredFilm>& films, std::size_t length) {
  if (rows.size() != films.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.size(), " rows of statistics for ", films.size(), " films"));
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != length ||
        !std::all_of(rows[i].begin(), rows[i].end(), [](double x) { return std::isfinite(x); })) {
      return absl::InvalidArgumentError(
          absl::StrCat(films[i].name, ": statistics not finite, or not ", length));
    }
  }
  return absl::OkStatus();
}

// The folds there are; each patient in one.
absl::StatusOr<std::set<int>> FoldsOf(const std::vector<ScoredFilm>& films) {
  std::map<std::string, int> fold_of_patient;
  std::set<int> folds;
  for (const ScoredFilm& film : films) {
    const auto [entry, is_new] = fold_of_patient.emplace(film.patient, film.fold);
    if (!is_new && entry->second != film.fold) {
      return absl::InvalidArgumentError(
          absl::StrCat(film.name, ": its patient is in folds ", entry->second, " and ", film.fold));
    }
    folds.insert(film.fold);
  }
  if (folds.size() < 2) return absl::InvalidArgumentError("fewer than two folds");
  return folds;
}

// Fitted on the films that `use` accepts.
template <typename Use>
absl::StatusOr<LogisticModel> Fit(const Rows& rows, const std::vector<ScoredFilm>& films, double l2,
                                  const Use& use) {
  LogisticProblem problem;
  problem.l2 = l2;
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (!use(films[i])) continue;
    problem.rows.push_back(rows[i]);
    problem.targets.push_back(films[i].positive ? 1.0 : 0.0);
  }
  return FitLogisticRegression(problem);
}

// The mean becomes 1 among films of one class; returns their effective number, (sum w)^2 /
// sum w^2 (Kish).
double Normalise(const std::vector<ScoredFilm>& films, bool positive,
                 std::vector<double>* weights) {
  double sum = 0.0;
  double squares = 0.0;
  double count = 0.0;
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (films[i].positive != positive) continue;
    sum += (*weights)[i];
    squares += (*weights)[i] * (*weights)[i];
    ++count;
  }
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (films[i].positive == positive) (*weights)[i] *= count / sum;
  }
  return sum * sum / squares;
}

// Everything that follows from `logits`.  A film weighs 1 / p(its label) by the baseline, within
// bounds: what the baseline finds easy counts less.
absl::Status FillFromLogits(const std::vector<ScoredFilm>& films,
                            const ShortcutBaselineOptions& options, ShortcutBaseline* baseline) {
  std::vector<bool> positive;
  for (std::size_t i = 0; i < films.size(); ++i) {
    const double logit = baseline->logits[i];
    baseline->probabilities.push_back(Sigmoid(logit));
    // 1 / sigmoid(z) = 1 + e^-z, exact where the probability itself is near 0.
    const double inverse = 1.0 + std::exp(films[i].positive ? -logit : logit);
    baseline->weights.push_back(
        std::min(std::max(inverse, options.min_weight), options.max_weight));
    positive.push_back(films[i].positive);
  }
  const RankedScores ranked(baseline->logits, positive);
  const absl::optional<double> auc = ranked.AreaUnderRoc();
  if (!auc.has_value()) return absl::InvalidArgumentError("films of one class only");
  baseline->auc = *auc;
  baseline->effective_positives = Normalise(films, true, &baseline->weights);
  baseline->effective_negatives = Normalise(films, false, &baseline->weights);
  baseline->balanced_auc = ranked.AreaUnderRoc(baseline->weights).value();
  return absl::OkStatus();
}

absl::Status CheckOptions(const ShortcutBaselineOptions& options) {
  if (!(options.min_weight > 0.0 && options.min_weight <= options.max_weight) ||
      !std::isfinite(options.max_weight) || !(options.l2 > 0.0)) {
    return absl::InvalidArgumentError("options of the shortcut baseline are out of range");
  }
  return absl::OkStatus();
}

// Pearson's correlation over the films of one class, sum(w x y) / sqrt(sum(w x^2) sum(w y^2)) of
// x and y less their weighted means; 0 if a side does not vary.
double Correlate(const std::vector<ScoredFilm>& films, const std::vector<double>& other,
                 bool positive) {
  double weight = 0.0, mean_x = 0.0, mean_y = 0.0;
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (films[i].positive != positive) continue;
    weight += films[i].weight;
    mean_x += films[i].weight * films[i].logit;
    mean_y += films[i].weight * other[i];
  }
  mean_x /= weight;
  mean_y /= weight;
  double xx = 0.0, yy = 0.0, xy = 0.0;
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (films[i].positive != positive) continue;
    const double x = films[i].logit - mean_x;
    const double y = other[i] - mean_y;
    xx += films[i].weight * x * x;
    yy += films[i].weight * y * y;
    xy += films[i].weight * x * y;
  }
  // What is left of constants after rounding is no variation.
  const double scale = 1e-24 * weight;
  if (!(xx > scale * std::max(1.0, mean_x * mean_x)) ||
      !(yy > scale * std::max(1.0, mean_y * mean_y))) {
    return 0.0;
  }
  return std::min(1.0, std::max(-1.0, xy / std::sqrt(xx) / std::sqrt(yy)));
}

}  // namespace

absl::StatusOr<ShortcutBaseline> FitShortcutBaseline(const Rows& statistics,
                                                     const std::vector<ScoredFilm>& films,
                                                     const ShortcutBaselineOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckOptions(options));
  if (statistics.empty()) return absl::InvalidArgumentError("no films");
  CAMNODE_RETURN_IF_ERROR(CheckRows(statistics, films, statistics[0].size()));
  CAMNODE_ASSIGN_OR_RETURN(const std::set<int> folds, FoldsOf(films));
  ShortcutBaseline baseline;
  baseline.logits.resize(films.size());
  for (const int fold : folds) {
    auto model = Fit(statistics, films, options.l2,
                     [fold](const ScoredFilm& film) { return film.fold != fold; });
    if (!model.ok()) return Annotate(model.status(), absl::StrCat("without fold ", fold));
    for (std::size_t i = 0; i < films.size(); ++i) {
      if (films[i].fold == fold) baseline.logits[i] = model->Logit(statistics[i]);
    }
  }
  CAMNODE_ASSIGN_OR_RETURN(
      baseline.model, Fit(statistics, films, options.l2, [](const ScoredFilm&) { return true; }));
  CAMNODE_RETURN_IF_ERROR(FillFromLogits(films, options, &baseline));
  return baseline;
}

absl::StatusOr<ShortcutBaseline> ApplyShortcutBaseline(const ShortcutBaseline& baseline,
                                                       const Rows& statistics,
                                                       const std::vector<ScoredFilm>& films,
                                                       const ShortcutBaselineOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckOptions(options));
  CAMNODE_RETURN_IF_ERROR(CheckRows(statistics, films, baseline.model.means.size()));
  ShortcutBaseline applied;
  applied.model = baseline.model;
  for (const std::vector<double>& row : statistics) {
    applied.logits.push_back(applied.model.Logit(row));
  }
  CAMNODE_RETURN_IF_ERROR(FillFromLogits(films, options, &applied));
  return applied;
}

std::vector<ScoredFilm> WithWeights(std::vector<ScoredFilm> films,
                                    const std::vector<double>& weights) {
  for (std::size_t i = 0; i < films.size(); ++i) films[i].weight = weights.at(i);
  return films;
}

absl::StatusOr<ShortcutCorrelation> CorrelateWithShortcut(
    const std::vector<ScoredFilm>& films, const std::vector<double>& baseline_logits) {
  CAMNODE_RETURN_IF_ERROR(CheckScoredFilms(films));
  if (baseline_logits.size() != films.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat(baseline_logits.size(), " baseline logits for ", films.size(), " films"));
  }
  ShortcutCorrelation correlation;
  correlation.positives = Correlate(films, baseline_logits, true);
  correlation.negatives = Correlate(films, baseline_logits, false);
  correlation.mean = 0.5 * (correlation.positives + correlation.negatives);
  return correlation;
}

}  // namespace camnode
