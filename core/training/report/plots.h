// The plots of a report, as <svg> elements.

#ifndef CAMNODE_CORE_TRAINING_REPORT_PLOTS_H_
#define CAMNODE_CORE_TRAINING_REPORT_PLOTS_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/train/run_curves.h"

namespace camnode {

// Several sets of scores over each other, in the colours of their positions.
using ScorePointers = std::vector<const ScoreEvaluation*>;
std::string RocPlot(const ScorePointers& scores);
// Its upper left corner, where good models differ.
std::string RocCornerPlot(const ScorePointers& scores);
std::string PrecisionRecallPlot(const ScorePointers& scores);
// AUC with intervals, plain and shortcut-balanced, and the baseline's.
std::string AucPlot(const ScorePointers& scores, const absl::optional<ShortcutSection>& shortcut);

// Of one set of scores.
std::string CalibrationPlot(const ScoreEvaluation& scores);
// Probabilities of films with the finding and without, and the threshold.
std::string HistogramPlot(const ScoreEvaluation& scores);
// Sensitivity and specificity over the threshold.
std::string ThresholdPlot(const ScoreEvaluation& scores);

// Loss, and accuracy with AUC, over the epochs of a run.
std::string LossPlot(const TrainingRun& run);
std::string AccuracyPlot(const TrainingRun& run);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_PLOTS_H_
