// From films a network was not trained on to what its manifest says of probabilities:
// calibration and threshold, of each model and of the mean of several.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_MODEL_CALIBRATION_H_
#define CAMNODE_CORE_TRAINING_TRAIN_MODEL_CALIBRATION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/thresholds.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

struct CalibratedScores {
  camnode::model::v1::Calibration calibration;
  ThresholdChoice threshold;  // ShippedThreshold's.
};

struct ModelCalibration {
  std::vector<CalibratedScores> models;  // In the order given.
  // Of the mean of the calibrated probabilities; absent for one model, and where the
  // models were not all scored on the same films.
  absl::optional<ThresholdChoice> mean;
};

// `out_of_fold`: for each model the films it had not seen, ordered by name.
// `weights`: the shortcut weight of each film by name; they choose thresholds, and every
// film counts alike for the calibration, whose probabilities are meant for films of
// which the share `prevalence` is positive.
//
// Errors: FitPlattScaling's and ShippedThreshold's; kInvalidArgument (a film without a
// weight: names it).
absl::StatusOr<ModelCalibration> CalibrateModels(std::vector<std::vector<ScoredFilm>> out_of_fold,
                                                 const std::map<std::string, double>& weights,
                                                 double prevalence,
                                                 const BootstrapOptions& options = {});

// Writes calibration and threshold with its origin into the manifest.
void DescribeThreshold(const CalibratedScores& scores, const std::string& threshold_set_id,
                       camnode::model::v1::ModelManifest& manifest);

// "the highest threshold at which ... is at least 0.90"
std::string ShippedThresholdRule();

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_MODEL_CALIBRATION_H_
