// Reading and judging recipe.textproto.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_RECIPE_H_
#define CAMNODE_CORE_TRAINING_TRAIN_RECIPE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/training/films/labelled_film.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

// Parses the text format, strictly, and checks what it says.
// Errors: kFailedPrecondition with "line:column: what" for the first place that does not
// parse, or with every field that is missing or out of range.
absl::StatusOr<camnode::training::v1::Recipe> ParseRecipe(absl::string_view text);

// Errors: kFailedPrecondition naming every wrong field.
absl::Status CheckRecipe(const camnode::training::v1::Recipe& recipe);

// The file as text; ParseRecipe gives the same message back.
std::string FormatRecipe(const camnode::training::v1::Recipe& recipe);

// The manifest of the recipe as training leaves it: labels from the classes, threshold
// 0.5 of an uncalibrated probability unless the recipe has its own.
camnode::model::v1::ModelManifest DraftManifest(const camnode::training::v1::Recipe& recipe);

// The name of the class that `label` stands for; empty: none.
std::string ClassOfLabel(const camnode::training::v1::Recipe& recipe, absl::string_view label);

// How the films of the recipe are read from `path`, a folder or a CSV file.
DatasetOptions DatasetOptionsOf(const camnode::training::v1::Recipe& recipe,
                                const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_RECIPE_H_
