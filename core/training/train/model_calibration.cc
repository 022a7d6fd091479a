#include "core/training/train/model_calibration.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/training/figures/calibration.h"

namespace camnode {
namespace {

// Keeps the log odds of a rounded mean finite.
constexpr double kSmallestProbability = 5e-5;

absl::Status SetWeights(const std::map<std::string, double>& weights,
                        std::vector<ScoredFilm>& films) {
  for (ScoredFilm& film : films) {
    const auto found = weights.find(film.name);
    if (found == weights.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("film ", film.name, " of the scores is not in the data set"));
    }
    film.weight = found->second;
  }
  return absl::OkStatus();
}

bool SameFilms(const std::vector<ScoredFilm>& a, const std::vector<ScoredFilm>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const ScoredFilm& x, const ScoredFilm& y) { return x.name == y.name; });
}

// Every film with the mean of the models' probabilities.
std::vector<ScoredFilm> MeanScores(const std::vector<std::vector<ScoredFilm>>& models) {
  std::vector<ScoredFilm> mean = models[0];
  for (size_t i = 0; i < mean.size(); ++i) {
    double sum = 0.0;
    for (const std::vector<ScoredFilm>& films : models) sum += films[i].probability;
    const double probability = sum / static_cast<double>(models.size());
    const double inner = std::clamp(probability, kSmallestProbability, 1.0 - kSmallestProbability);
    mean[i].probability = probability;
    mean[i].logit = std::log(inner / (1.0 - inner));
  }
  return mean;
}

}  // namespace

absl::StatusOr<ModelCalibration> CalibrateModels(std::vector<std::vector<ScoredFilm>> out_of_fold,
                                                 const std::map<std::string, double>& weights,
                                                 double prevalence,
                                                 const BootstrapOptions& options) {
  ModelCalibration result;
  for (std::vector<ScoredFilm>& films : out_of_fold) {
    CalibratedScores& scores = result.models.emplace_back();
    CAMNODE_ASSIGN_OR_RETURN(scores.calibration, FitPlattScaling(films, prevalence));
    scores.calibration.set_prevalence(prevalence);
    ApplyCalibration(scores.calibration, &films);
    CAMNODE_RETURN_IF_ERROR(SetWeights(weights, films));
    CAMNODE_ASSIGN_OR_RETURN(scores.threshold, ShippedThreshold(films, options));
  }
  const bool same = std::all_of(out_of_fold.begin(), out_of_fold.end(), [&](const auto& films) {
    return SameFilms(films, out_of_fold[0]);
  });
  if (out_of_fold.size() > 1 && same) {
    CAMNODE_ASSIGN_OR_RETURN(result.mean, ShippedThreshold(MeanScores(out_of_fold), options));
  }
  return result;
}

void DescribeThreshold(const CalibratedScores& scores, const std::string& threshold_set_id,
                       camnode::model::v1::ModelManifest& manifest) {
  const ThresholdChoice& choice = scores.threshold;
  *manifest.mutable_calibration() = scores.calibration;
  manifest.set_threshold(choice.threshold.estimate);
  manifest.set_threshold_set_id(threshold_set_id);
  camnode::model::v1::ThresholdOrigin& origin = *manifest.mutable_threshold_origin();
  origin.set_rule(ShippedThresholdRule());
  origin.set_interval_low(choice.threshold.low);
  origin.set_interval_high(choice.threshold.high);
  origin.set_films(choice.positives + choice.negatives);
  origin.set_normals(choice.negatives);
}

std::string ShippedThresholdRule() {
  return absl::StrFormat(
      "the highest threshold at which the shortcut-balanced, pooled out-of-fold sensitivity is at "
      "least %.2f",
      kShippedSensitivity);
}

}  // namespace camnode
