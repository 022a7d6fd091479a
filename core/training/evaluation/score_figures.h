// The figures of a report, of one set of scores.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_SCORE_FIGURES_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_SCORE_FIGURES_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/training/evaluation/evaluation_result.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/score_metrics.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// Sensitivities for which a threshold is given.
inline constexpr double kFixedSensitivities[] = {0.90, 0.95};
// A film whose probability is this close to the threshold may fall on its other side on
// another machine.
inline constexpr double kNearThreshold = 1e-4;

// Films of one class, or none at all, leave out what they do not define.
ScoreFigures MeasureScores(const std::vector<ScoredFilm>& films, double threshold,
                           const BootstrapOptions& options);

// `films` weigh 1; `section` is of the same films.
ShortcutFigures MeasureShortcut(const std::vector<ScoredFilm>& films, double threshold,
                                const ShortcutSection& section, const BootstrapOptions& options);

// One for each value of each of `columns`, values in alphabetical order; of more than
// kMaxSubgroups values the rarest are one group.  `values`: the columns of each film.
inline constexpr size_t kMaxSubgroups = 30;
std::vector<SubgroupFigures> MeasureSubgroups(
    const std::vector<ScoredFilm>& films,
    const std::vector<std::map<std::string, std::string>>& values,
    const std::vector<std::string>& columns, double threshold, const BootstrapOptions& options);

CorruptionFigures MeasureCorruption(const std::string& name, const std::vector<ScoredFilm>& films,
                                    double threshold);

// Films with probabilities by one model's calibration.
struct CalibratedFilms {
  std::vector<ScoredFilm> films;
  // Log odds after calibration, one a film: a probability near 1 keeps its digits there.
  std::vector<double> calibrated_log_odds;
};

// Sets the probabilities from the logits, not rounded; without a calibration in the
// manifest by the sigmoid alone.
CalibratedFilms Calibrate(std::vector<ScoredFilm> films,
                          const camnode::model::v1::ModelManifest& manifest);

// The mean over models of the calibrated probabilities of each film, with its log odds.
// REQUIRES: models, all of the same films in the same order.
std::vector<ScoredFilm> MeanOfModels(const std::vector<CalibratedFilms>& models);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_SCORE_FIGURES_H_
