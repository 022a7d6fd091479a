// Recipes judged on the films they were trained with, each film by a network that had not
// seen its patient.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_OUT_OF_FOLD_EVALUATION_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_OUT_OF_FOLD_EVALUATION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/models/model_repository.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/film_scores.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

// held_out.csv files of the folds of one recipe.
struct OutOfFoldFiles {
  std::string name;
  std::vector<std::string> paths;
};

struct OutOfFoldOptions {
  std::string positive_class;
  // The films of the folds, for the shortcut baseline; nullptr: not at hand.
  const Dataset* films = nullptr;
  BootstrapOptions bootstrap;
  // Of the mean of several recipes.
  double mean_threshold = 0.5;
  FilmProgress progress;
};

// One for each of `files` and, where several are of the same films, their mean.  Files
// named as one of `models` are judged by its calibration and threshold, others by the
// sigmoid and 0.5.  The first threshold of balanced films is that of the shipped rule.
// Errors: ReadOutOfFold's, those of films that cannot be read.
absl::StatusOr<std::vector<OutOfFoldEvaluation>> EvaluateOutOfFold(
    const std::vector<OutOfFoldFiles>& files, const std::vector<ModelFolder>& models,
    const FilmReader& read_film, const OutOfFoldOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_OUT_OF_FOLD_EVALUATION_H_
