// The curves of a training: curves.csv.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_CURVES_H_
#define CAMNODE_CORE_TRAINING_TRAIN_CURVES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace camnode {

// One epoch.  What was not measured is absent.
struct CurvePoint {
  int epoch = 0;  // From 1, over all stages.
  int stage = 0;  // From 1.
  int image_size = 0;
  absl::optional<double> learning_rate;  // Of the epoch's last step.
  // Over the epoch's batches, augmented, weights as they were then.
  absl::optional<double> train_loss;
  absl::optional<double> train_accuracy;
  // Of the averaged weights, films as they are.
  absl::optional<double> held_out_loss;
  absl::optional<double> held_out_accuracy;
  absl::optional<double> held_out_auc;
  absl::optional<double> images_per_second;
};

// A line of the fields' names, then one a point; nothing between the commas where a
// field is absent.
std::string FormatCurves(const std::vector<CurvePoint>& curves);

// Errors: kInvalidArgument (a line that FormatCurves does not write: with its number).
absl::StatusOr<std::vector<CurvePoint>> ParseCurves(absl::string_view text);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_CURVES_H_
