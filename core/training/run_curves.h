// What a folder of a training run says of it: the recipe and the curves.

#ifndef CAMNODE_CORE_TRAINING_RUN_CURVES_H_
#define CAMNODE_CORE_TRAINING_RUN_CURVES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// One line of curves.csv.  What was not measured is absent.
struct CurvePoint {
  int epoch = 0;
  int stage = 0;
  int image_size = 0;
  absl::optional<double> learning_rate;
  absl::optional<double> train_loss;
  absl::optional<double> train_accuracy;
  absl::optional<double> held_out_loss;
  absl::optional<double> held_out_accuracy;
  absl::optional<double> held_out_auc;
  absl::optional<double> images_per_second;
};

struct TrainingRun {
  std::string name;  // The folder's own name.
  camnode::training::v1::Recipe recipe;
  std::vector<CurvePoint> curves;
};

// Reads FOLDER/recipe.textproto and FOLDER/curves.csv.
// Errors: kNotFound (no such file), kInvalidArgument (a file cannot be understood: names
// it and the line).
absl::StatusOr<TrainingRun> ReadTrainingRun(const std::string& folder);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_RUN_CURVES_H_
