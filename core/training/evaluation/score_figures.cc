#include "core/training/evaluation/score_figures.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/shortcut_baseline.h"
#include "core/training/figures/thresholds.h"

namespace camnode {
namespace {

// What the films do not define is left out; whether they are fit at all has been checked.
template <typename T>
absl::optional<T> IfDefined(absl::StatusOr<T> value) {
  if (!value.ok()) return absl::nullopt;
  return *std::move(value);
}

enum class Share { kSensitivity, kSpecificity, kAccuracy };

// Where all verdicts are right, or all wrong, resampled ones are too, and the bootstrap has
// nothing to say: the exact bound for as many patients (Clopper and Pearson 1934).
void WidenCertainty(int patients, double confidence, Interval& interval) {
  const double bound = std::pow((1.0 - confidence) / 2.0, 1.0 / std::max(1, patients));
  if (interval.estimate == 1.0) interval.low = std::min(interval.low, bound);
  if (interval.estimate == 0.0) interval.high = std::max(interval.high, 1.0 - bound);
}

// Of the verdicts at `threshold`, over the films' weights.
absl::optional<Interval> ShareInterval(const std::vector<ScoredFilm>& films, double threshold,
                                       Share share, const BootstrapOptions& options) {
  std::vector<bool> counts;
  std::vector<bool> right;
  for (const ScoredFilm& film : films) {
    counts.push_back(share == Share::kAccuracy || film.positive == (share == Share::kSensitivity));
    right.push_back(film.positive == IsPositive(film.probability, threshold));
  }
  const auto statistic = [&](const std::vector<double>& weights) -> absl::optional<double> {
    double all = 0.0;
    double hits = 0.0;
    for (size_t i = 0; i < weights.size(); ++i) {
      if (!counts[i]) continue;
      all += weights[i];
      if (right[i]) hits += weights[i];
    }
    if (all <= 0.0) return absl::nullopt;
    return hits / all;
  };
  absl::optional<Interval> interval = IfDefined(BootstrapInterval(films, statistic, options));
  if (!interval.has_value()) return interval;
  std::set<std::string> patients;
  for (size_t i = 0; i < films.size(); ++i) {
    if (counts[i]) patients.insert(films[i].patient);
  }
  WidenCertainty(static_cast<int>(patients.size()), options.confidence, *interval);
  return interval;
}

std::vector<NamedThreshold> ChooseThresholds(const std::vector<ScoredFilm>& films,
                                             const BootstrapOptions& options) {
  std::vector<NamedThreshold> thresholds;
  const auto add = [&thresholds](std::string rule, absl::StatusOr<ThresholdChoice> choice) {
    if (choice.ok()) thresholds.push_back({std::move(rule), *std::move(choice)});
  };
  add("Youden's J, middle of its plateau", YoudenThreshold(films, options));
  add("greatest F1", F1Threshold(films, options));
  for (const double sensitivity : kFixedSensitivities) {
    add(absl::StrFormat("sensitivity at least %.2f", sensitivity),
        SensitivityThreshold(films, sensitivity, options));
  }
  return thresholds;
}

SubgroupFigures MeasureGroup(const std::vector<ScoredFilm>& films, double threshold,
                             const BootstrapOptions& options) {
  SubgroupFigures group;
  group.films = static_cast<int>(films.size());
  for (const ScoredFilm& film : films) group.positives += film.positive ? 1 : 0;
  group.auc = IfDefined(AucInterval(films, Score::kLogit, options));
  group.sensitivity = ShareInterval(films, threshold, Share::kSensitivity, options);
  group.specificity = ShareInterval(films, threshold, Share::kSpecificity, options);
  group.accuracy = Accuracy(CountConfusion(films, threshold));
  return group;
}

// The values of a column, the rarest of too many under one name.
std::map<std::string, std::vector<ScoredFilm>> GroupByColumn(
    const std::vector<ScoredFilm>& films,
    const std::vector<std::map<std::string, std::string>>& values, const std::string& column) {
  std::map<std::string, std::vector<ScoredFilm>> groups;
  for (size_t i = 0; i < films.size(); ++i) {
    const auto value = values[i].find(column);
    groups[value == values[i].end() ? "" : value->second].push_back(films[i]);
  }
  if (groups.size() <= kMaxSubgroups) return groups;
  std::vector<std::pair<size_t, std::string>> by_size;
  for (const auto& [value, members] : groups) by_size.emplace_back(members.size(), value);
  std::sort(by_size.rbegin(), by_size.rend());
  std::vector<ScoredFilm> rest;
  for (size_t i = kMaxSubgroups - 1; i < by_size.size(); ++i) {
    const auto group = groups.find(by_size[i].second);
    rest.insert(rest.end(), group->second.begin(), group->second.end());
    groups.erase(group);
  }
  groups["(rarer values)"] = std::move(rest);
  return groups;
}

double Sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

}  // namespace

ScoreFigures MeasureScores(const std::vector<ScoredFilm>& films, double threshold,
                           const BootstrapOptions& options) {
  ScoreFigures figures;
  figures.auc = IfDefined(AucInterval(films, Score::kLogit, options));
  figures.average_precision = IfDefined(AveragePrecision(films));
  figures.confusion = CountConfusion(films, threshold);
  figures.report = MakeClassificationReport(figures.confusion);
  figures.sensitivity = ShareInterval(films, threshold, Share::kSensitivity, options);
  figures.specificity = ShareInterval(films, threshold, Share::kSpecificity, options);
  figures.accuracy = ShareInterval(films, threshold, Share::kAccuracy, options);
  CalibrationErrorOptions calibration;
  calibration.seed = options.seed;
  figures.calibration_error = IfDefined(MeasureCalibration(films, calibration));
  figures.reliability =
      ReliabilityCurve(films, Binning::kEqualMass).value_or(std::vector<ReliabilityBin>());
  figures.brier_score = IfDefined(BrierScore(films));
  figures.log_loss = IfDefined(LogLoss(films));
  figures.roc = RocCurve(films).value_or(std::vector<RocPoint>());
  figures.precision_recall =
      PrecisionRecallCurve(films).value_or(std::vector<PrecisionRecallPoint>());
  figures.thresholds = ChooseThresholds(films, options);
  for (size_t i = 0; i < films.size(); ++i) {
    if (std::abs(films[i].probability - threshold) <= kNearThreshold) {
      figures.near_threshold.push_back(i);
    }
  }
  return figures;
}

ShortcutFigures MeasureShortcut(const std::vector<ScoredFilm>& films, double threshold,
                                const ShortcutSection& section, const BootstrapOptions& options) {
  ShortcutFigures figures;
  const std::vector<ScoredFilm> balanced = WithWeights(films, section.baseline.weights);
  figures.balanced_auc = IfDefined(AucInterval(balanced, Score::kLogit, options));
  const Confusion confusion = CountConfusion(balanced, threshold);
  figures.balanced_sensitivity = Sensitivity(confusion);
  figures.balanced_specificity = Specificity(confusion);
  figures.balanced_thresholds = ChooseThresholds(balanced, options);
  figures.correlation = IfDefined(CorrelateWithShortcut(films, section.baseline.logits));
  return figures;
}

std::vector<SubgroupFigures> MeasureSubgroups(
    const std::vector<ScoredFilm>& films,
    const std::vector<std::map<std::string, std::string>>& values,
    const std::vector<std::string>& columns, double threshold, const BootstrapOptions& options) {
  std::vector<SubgroupFigures> groups;
  for (const std::string& column : columns) {
    const auto films_of = GroupByColumn(films, values, column);
    for (const auto& [value, members] : films_of) {
      SubgroupFigures group = MeasureGroup(members, threshold, options);
      group.column = column;
      group.value = value;
      groups.push_back(std::move(group));
    }
  }
  return groups;
}

CorruptionFigures MeasureCorruption(const std::string& name, const std::vector<ScoredFilm>& films,
                                    double threshold) {
  CorruptionFigures figures;
  figures.name = name;
  figures.auc = IfDefined(Auc(films));
  const Confusion confusion = CountConfusion(films, threshold);
  figures.sensitivity = Sensitivity(confusion);
  figures.specificity = Specificity(confusion);
  return figures;
}

CalibratedFilms Calibrate(std::vector<ScoredFilm> films,
                          const camnode::model::v1::ModelManifest& manifest) {
  const bool calibrated = manifest.has_calibration();
  const double scale = calibrated ? manifest.calibration().scale() : 1.0;
  const double offset = calibrated ? manifest.calibration().offset() : 0.0;
  CalibratedFilms scores;
  for (ScoredFilm& film : films) {
    scores.calibrated_log_odds.push_back(scale * film.logit + offset);
    film.probability = Sigmoid(scores.calibrated_log_odds.back());
  }
  scores.films = std::move(films);
  return scores;
}

std::vector<ScoredFilm> MeanOfModels(const std::vector<CalibratedFilms>& models) {
  std::vector<ScoredFilm> films = models.front().films;
  const double count = static_cast<double>(models.size());
  for (size_t i = 0; i < films.size(); ++i) {
    double yes = 0.0;
    double no = 0.0;
    for (const CalibratedFilms& model : models) {
      yes += Sigmoid(model.calibrated_log_odds[i]);
      no += Sigmoid(-model.calibrated_log_odds[i]);
    }
    films[i].probability = yes / count;
    constexpr double kLeast = 1e-300;  // Its logarithm is a number.
    films[i].logit = std::log(std::max(yes, kLeast)) - std::log(std::max(no, kLeast));
  }
  return films;
}

}  // namespace camnode
