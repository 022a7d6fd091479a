// What an evaluation found.  Plain values, for reports; evaluation.h fills them.
//
// A figure that the films do not define (an area under the curve of one class) is absent,
// never NaN.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_EVALUATION_RESULT_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_EVALUATION_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/training/explanation/explanation_result.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/shortcut_baseline.h"
#include "core/training/figures/thresholds.h"
#include "core/training/train/run_curves.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// Which films.
struct EvaluatedData {
  std::string path;    // As it was given.
  std::string split;   // Empty: all.
  std::string digest;  // Dataset::digest: of every film, unreadable ones too.
  std::string positive_class;
  std::vector<std::string> classes;
  int films = 0;  // That were scored.
  int positives = 0;
  int patients = 0;
  std::string patient_rule;  // How films got them, in words.
  int duplicates = 0;        // Films whose bytes an earlier film has.
  std::vector<UnreadableFilm> unreadable;
};

// What the numbers depend on besides models and films.
struct Circumstances {
  std::string program_version;
  std::string libtorch_version;
  std::string instruction_set;
  std::string precision = "float32";
  int batch = 0;
  int threads = 0;
  uint64_t seed = 0;
  int bootstrap_rounds = 0;
};

struct NamedThreshold {
  std::string rule;  // In words.
  ThresholdChoice choice;
};

// Figures of one set of scores.
struct ScoreFigures {
  absl::optional<Interval> auc;
  absl::optional<double> average_precision;
  // At `threshold`.
  Confusion confusion;
  ClassificationReport report;
  absl::optional<Interval> sensitivity;
  absl::optional<Interval> specificity;
  absl::optional<Interval> accuracy;
  absl::optional<CalibrationError> calibration_error;
  std::vector<ReliabilityBin> reliability;
  absl::optional<double> brier_score;
  absl::optional<double> log_loss;
  std::vector<RocPoint> roc;
  std::vector<PrecisionRecallPoint> precision_recall;
  std::vector<NamedThreshold> thresholds;
  // Positions of the films whose probability is within 1e-4 of the threshold: another
  // machine may call them otherwise.
  std::vector<size_t> near_threshold;
};

struct ShortcutFigures {
  // Under weights 1 / p(label | statistics).
  absl::optional<Interval> balanced_auc;
  absl::optional<double> balanced_sensitivity;  // At the threshold.
  absl::optional<double> balanced_specificity;
  std::vector<NamedThreshold> balanced_thresholds;
  // Of the scores' log odds with the baseline's, within each class.
  absl::optional<ShortcutCorrelation> correlation;
};

struct SubgroupFigures {
  std::string column;
  std::string value;  // Empty: films without one.
  int films = 0;
  int positives = 0;
  absl::optional<Interval> auc;
  absl::optional<Interval> sensitivity;
  absl::optional<Interval> specificity;
  absl::optional<double> accuracy;
};

// Scores of the same films, changed.
struct CorruptionFigures {
  std::string name;  // Corruption::name
  absl::optional<double> auc;
  absl::optional<double> sensitivity;  // At the threshold.
  absl::optional<double> specificity;
};

// One model, the mean of several, or the folds of a recipe.
struct ScoreEvaluation {
  std::string label;  // Tells it from the others of the report: the name where that does.
  std::string name;
  std::string version;  // Empty for a mean.
  std::string architecture;
  std::string weights_sha256;  // Of a mean: ScoresDigest of its models.
  double threshold = 0.0;
  // Where the threshold comes from, in words.
  std::string threshold_origin;
  std::string threshold_set_id;
  absl::optional<Interval> threshold_interval;
  std::vector<ScoredFilm> films;  // In the order of EvaluationResult::films; weight 1.
  ScoreFigures figures;
  absl::optional<ShortcutFigures> shortcut;
  std::vector<SubgroupFigures> subgroups;
  std::vector<CorruptionFigures> corruptions;  // Empty: not measured.
  // Sentences about scores that should not be trusted as they are.
  std::vector<std::string> alarms;
  // Of one model; left empty otherwise.
  camnode::model::v1::ModelManifest manifest;
  uint64_t weights_bytes = 0;
};

struct Comparison {
  std::string first;  // ScoreEvaluation::label
  std::string second;
  Interval auc_difference;  // First less second, paired.
};

// The shortcut baseline on the films.
struct ShortcutSection {
  std::string source;                   // A sentence: fitted on what.
  std::vector<std::string> statistics;  // Their names.
  absl::optional<Interval> auc;
  ShortcutBaseline baseline;  // Logits and weights: one a film.
};

// Scores of films by networks that had not seen them, pooled over the folds of a recipe.
struct OutOfFoldEvaluation {
  std::vector<std::string> files;
  int folds = 0;
  ScoreEvaluation scores;
  absl::optional<ShortcutSection> shortcut;
  std::string shortcut_absence;  // Why there is none.
};

struct EvaluationResult {
  EvaluatedData data;
  std::vector<std::string> alarms;  // About the films, whatever the model.
  Circumstances circumstances;
  std::vector<EvaluatedFilm> films;
  std::vector<ScoreEvaluation> models;
  absl::optional<ScoreEvaluation> mean;  // Of two models or more.
  std::vector<Comparison> comparisons;
  absl::optional<ShortcutSection> shortcut;
  std::string shortcut_absence;
  std::vector<OutOfFoldEvaluation> out_of_fold;
  std::vector<TrainingRun> runs;
  absl::optional<ExplanationQuality> explanations;
  std::string explanations_absence;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_EVALUATION_RESULT_H_
