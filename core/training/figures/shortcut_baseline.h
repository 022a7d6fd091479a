// How well can films be told apart without looking at the lung, and how good is a network
// where that does not help?
//
// A logistic regression on the shortcut statistics plays the network that learned nothing
// else.  Weighting each film by 1 / p(its label | statistics) makes the statistics and the
// label independent (inverse probability weighting: Rosenbaum and Rubin 1983; Robins,
// Hernan and Brumback 2000): under these weights the shortcut is worth little, and a
// network that leans on it shows.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_SHORTCUT_BASELINE_H_
#define CAMNODE_CORE_TRAINING_FIGURES_SHORTCUT_BASELINE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/training/figures/logistic_regression.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

struct ShortcutBaselineOptions {
  // Of the logistic regression, on standardised statistics.
  double l2 = 1.0;
  // 1 / p(own label | statistics) is cut to this range before it is normalised (it is
  // never under 1, so only the upper end acts): one film may not outweigh hundreds.
  double min_weight = 0.1;
  double max_weight = 10.0;
};

struct ShortcutBaseline {
  // One a film, in the films' order, from a model that did not see its fold.
  std::vector<double> logits;
  std::vector<double> probabilities;  // Of the positive label; not rounded.
  // Shortcut weights; their mean is 1 within each class.
  std::vector<double> weights;
  // Of `logits`, pooled over the folds, every film weighing 1.
  double auc = 0.0;
  // The same under `weights`: what is left of the shortcut; 0.5 would be nothing.
  double balanced_auc = 0.0;
  // How many films of equal weight would be as informative: (sum w)^2 / sum w^2, Kish
  // 1965; at most the number of films of the class.
  double effective_positives = 0.0;
  double effective_negatives = 0.0;
  // Fitted on all films: for films that are in no fold (another split).
  LogisticModel model;
};

// `statistics`: one row a film, in the films' order (ShortcutStatistics).  Of `films` only
// patient, fold and label are looked at.
//
// Errors: kInvalidArgument (rows of other lengths or numbers that are not finite; a patient
// in two folds: names the folds; fewer than two folds; a fold whose complement has one
// class), kInternal (the regression did not converge).
absl::StatusOr<ShortcutBaseline> FitShortcutBaseline(
    const std::vector<std::vector<double>>& statistics, const std::vector<ScoredFilm>& films,
    const ShortcutBaselineOptions& options = {});

// The same for films of another split, from the model of `baseline`: films that it never
// saw.  `baseline.model` is copied.
// Errors: as FitShortcutBaseline, folds aside.
absl::StatusOr<ShortcutBaseline> ApplyShortcutBaseline(
    const ShortcutBaseline& baseline, const std::vector<std::vector<double>>& statistics,
    const std::vector<ScoredFilm>& films, const ShortcutBaselineOptions& options = {});

// The films with `weights` (ShortcutBaseline::weights) in place of their own: Auc,
// thresholds and intervals of these are the shortcut-balanced ones.
// REQUIRES: one weight a film.
std::vector<ScoredFilm> WithWeights(std::vector<ScoredFilm> films,
                                    const std::vector<double>& weights);

// Pearson's correlation of the films' logits and the baseline's within each class: 0 for a
// network that has nothing to do with the shortcut.  (Over both classes together it is
// high for any good network.)
struct ShortcutCorrelation {
  double positives = 0.0;
  double negatives = 0.0;
  double mean = 0.0;  // Of the two.
};

// `baseline_logits`: one a film.  0 for a class whose logits do not vary.
// Errors: CheckScoredFilms'; kInvalidArgument (another number of logits).
absl::StatusOr<ShortcutCorrelation> CorrelateWithShortcut(
    const std::vector<ScoredFilm>& films, const std::vector<double>& baseline_logits);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_SHORTCUT_BASELINE_H_
