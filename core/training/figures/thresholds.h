// Above which probability is a film called positive?
//
// Only cuts between films differ: every threshold in (p, q], p and q being neighbouring
// distinct probabilities (rounded to 1e-4, as serving rounds), gives the same verdicts.
// A rule picks such a cut and returns its middle, (p + q) / 2, where a film of neither
// side lies near: the lowest cut begins at 0, and the highest ends at 1.  Thresholds are
// therefore multiples of 0.00005.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_THRESHOLDS_H_
#define CAMNODE_CORE_TRAINING_FIGURES_THRESHOLDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

struct ThresholdChoice {
  // On the calibrated probability.  The interval is that of the rule over other
  // patients: each bootstrap round chooses anew.
  Interval threshold;
  // At threshold.estimate, which the rounds keep: what a node that ships it can expect.
  Interval sensitivity;
  Interval specificity;
  // Films of positive weight that it was chosen with.
  int positives = 0;
  int negatives = 0;
};

// Every function here: `films` are pooled out-of-fold scores; weights count everywhere.
// Errors: CheckScoredFilms', BootstrapInterval's.

// Youden's J = sensitivity + specificity - 1 (Youden 1950), taken at the middle of its
// plateau.  The plateau reaches from the lowest to the highest cut whose J is within one
// film's worth of the greatest, 1 / (number of films of the smaller class): near its top
// J goes up and down from film to film, so the very greatest value is one film's chance,
// and it lies anywhere in a range that is wide where classes separate well.
// Cuts in between that dip lower belong to it.
absl::StatusOr<ThresholdChoice> YoudenThreshold(const std::vector<ScoredFilm>& films,
                                                const BootstrapOptions& options = {});

// The cut of the greatest F1 of the positives; of several equal ones the highest.
absl::StatusOr<ThresholdChoice> F1Threshold(const std::vector<ScoredFilm>& films,
                                            const BootstrapOptions& options = {});

// The highest cut whose sensitivity is at least `sensitivity`.
// Errors: also kInvalidArgument (`sensitivity` not in 0 < s <= 1).
absl::StatusOr<ThresholdChoice> SensitivityThreshold(const std::vector<ScoredFilm>& films,
                                                     double sensitivity,
                                                     const BootstrapOptions& options = {});

// The sensitivity that ShippedThreshold asks for.
inline constexpr double kShippedSensitivity = 0.90;

// The rule of every threshold that this project ships, fixed before the networks it is
// applied to were trained:
//
//   the highest threshold at which the shortcut-balanced, pooled out-of-fold
//   sensitivity is at least 0.90.
//
// `films`: every training film once, scored by the network of its own recipe that had
// not seen its fold, probability by the calibration that ships, weight by
// ShortcutBaseline::weights.
absl::StatusOr<ThresholdChoice> ShippedThreshold(const std::vector<ScoredFilm>& films,
                                                 const BootstrapOptions& options = {});

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_THRESHOLDS_H_
