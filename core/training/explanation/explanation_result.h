// What a measurement of explanations found; see explanation_quality.h.  Plain values, for
// reports.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_RESULT_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_RESULT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/domain/analysis.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {

// Deletion and insertion along one kind of map; see deletion_insertion.h.
struct MapFaithfulness {
  // "gradcam" is the map that is served; "gradcam++", "hirescam", "xgradcam", "layercam",
  // "scorecam"; the baselines "random", "centre" and "mean_of_others".
  std::string map;
  MeanInterval score;  // Insertion less deletion.
  MeanInterval insertion;
  MeanInterval deletion;
  // Mean over the films: the logit, 0 at the deleted film, in units of its distance to the
  // whole one, at the shares 0, 1/steps, ... 1 of the pixels.
  std::vector<double> insertion_curve;
  std::vector<double> deletion_curve;

  // Differences of the score on the same films; absent for baselines.
  struct OverBaselines {
    MeanInterval random;
    MeanInterval centre;
    MeanInterval mean_of_others;
    // Every interval excludes 0.
    bool BeatsAll() const {
      return random.AboveZero() && centre.AboveZero() && mean_of_others.AboveZero();
    }
  };
  absl::optional<OverBaselines> over;
};

// Weights made random from the head downwards; see weight_randomisation.h.
struct RandomisationStage {
  std::string name;  // The part that became random last: "head", "layer4", ...
  // Rank correlation of the map to the original, averaged over films, and its interval
  // over the draws of weights.
  MeanInterval correlation;
  double absolute_correlation = 0.0;  // Mean of |correlation| over films and draws.
};

struct RandomisationCheck {
  int films = 0;
  int draws = 0;  // Of random weights.
  std::vector<RandomisationStage> stages;
  // Mean rank correlation of the trained network's maps of different films: chance.
  double between_films = 0.0;
  double pass_below = 0.0;  // The last stage's mean correlation must be.
  bool passed = false;
};

// Share of the map within the lungs; see lung_region.h.
struct LungFocus {
  MeanInterval mass;              // Share of the map's mass in the region.
  MeanInterval mass_over_chance;  // Less the region's share of the film.
  MeanInterval peaks;             // 1 where the strongest cell's centre lies in it.
  MeanInterval peaks_over_chance;
  int empty_maps = 0;  // Without mass: not counted above.
};

// One small change of the film; see map_stability.h.
struct MapStability {
  std::string change;         // "4 px to the right", "turned by 3 degrees", ...
  MeanInterval correlation;   // Rank correlation to the map of the film as it is.
  MeanInterval peak_moved;    // Distance between the peaks, in input widths.
  MeanInterval logit_change;  // Absolute.
};

struct ModelExplanationQuality {
  std::string model;
  std::string version;
  std::string weights_sha256;
  // Served map, baselines, then variants (on fewer films).
  std::vector<MapFaithfulness> faithfulness;
  // Films whose logit moves by less than the floor of the scale between deleted and whole,
  // and those whose deleted copy has the higher logit.
  int films_at_scale_floor = 0;
  int films_deleted_higher = 0;
  RandomisationCheck randomisation;
  LungFocus lungs;
  std::vector<MapStability> stability;
};

// One model on one film of the sample.
struct ExplainedFilmModel {
  ModelResult result;  // Finding, served map, placement.
  double deleted_logit = 0.0;
  double score = 0.0;  // Of the served map.
  // Of the baselines.
  double random_score = 0.0;
  double centre_score = 0.0;
  double mean_of_others_score = 0.0;
  absl::optional<double> lung_mass;  // Absent: the map is empty.
};

struct ExplainedFilm {
  std::string name;
  std::string path;
  std::string patient;
  double lung_area = 0.0;                  // Share of the film.
  bool lung_fallback = false;              // The region is the prior.
  std::vector<ExplainedFilmModel> models;  // In the order of the models.
  Agreement agreement;
};

struct AgreementSummary {
  int films = 0;  // With two maps or more to compare.
  double median_overlap = 0.0;
  double median_distance = 0.0;
  double median_correlation = 0.0;
  // Against the null of maps of different films; absent: there is none for these models.
  struct Percentiles {
    double median_overlap = 0.0;
    double median_distance = 0.0;
    double median_correlation = 0.0;
    double same_area = 0.0;  // Share of the films judged so.
    double partly_same_area = 0.0;
  };
  absl::optional<Percentiles> percentiles;
};

struct ExplanationQuality {
  std::string sample;  // A sentence: which films, and how they were chosen.
  int candidates = 0;  // Films of the class, one a patient, that were looked at.
  int variant_films = 0;
  uint64_t seed = 0;
  int steps = 0;
  double blur_sigma = 0.0;  // In input widths.
  std::string fill;         // What deleted pixels show: "texture" or "blur".
  double lung_area = 0.0;   // Mean share of the film.
  int lung_fallbacks = 0;   // Films whose region is the prior.
  std::vector<ModelExplanationQuality> models;
  std::vector<ExplainedFilm> films;
  absl::optional<AgreementSummary> agreement;  // Absent: fewer than two models.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_RESULT_H_
