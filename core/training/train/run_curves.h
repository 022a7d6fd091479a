// What a folder of a training run says of it: the recipe and the curves.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_RUN_CURVES_H_
#define CAMNODE_CORE_TRAINING_TRAIN_RUN_CURVES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/training/train/curves.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

struct TrainingRun {
  std::string name;  // The folder's own name.
  camnode::training::v1::Recipe recipe;
  std::vector<CurvePoint> curves;
};

// The recipe in a file.  Errors: kNotFound (no such file), ParseRecipe's with the path.
absl::StatusOr<camnode::training::v1::Recipe> ReadRecipe(const std::string& path);

// Reads FOLDER/recipe.textproto and FOLDER/curves.csv.
// Errors: kNotFound (no such file), ParseRecipe's and ParseCurves's.
absl::StatusOr<TrainingRun> ReadTrainingRun(const std::string& folder);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_RUN_CURVES_H_
