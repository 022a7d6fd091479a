// What should make a reader distrust scores, in words.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_BIAS_ALARMS_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_BIAS_ALARMS_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/training/evaluation/evaluation_result.h"
#include "proto/camnode/model/v1/manifest.pb.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// One verdict for at least kLopsidedVerdicts of the films, while that share of labels is
// lower by kLopsidedExcess or more; a score that is the same for every film; a network
// that was never calibrated, or ranks films no better than the shortcut baseline.
// Empty: none.
inline constexpr double kLopsidedVerdicts = 0.95;
inline constexpr double kLopsidedExcess = 0.05;
std::vector<std::string> ScoreAlarms(const ScoreEvaluation& scores,
                                     const absl::optional<ShortcutSection>& shortcut);

// Each field of the preprocessing in which training and serving differ, and the size that
// training ended at.  Empty: none.
std::vector<std::string> PreprocessingAlarms(const camnode::training::v1::Recipe& recipe,
                                             const camnode::model::v1::ModelManifest& manifest);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_BIAS_ALARMS_H_
