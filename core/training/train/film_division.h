// Which films a network is trained on, how often each is drawn, and which are held out.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_FILM_DIVISION_H_
#define CAMNODE_CORE_TRAINING_TRAIN_FILM_DIVISION_H_

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "core/training/films/labelled_film.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

struct FilmDivision {
  std::vector<int> classes;      // Of every film of the data set.
  std::vector<size_t> training;  // Positions in the data set, rising.
  std::vector<size_t> held_out;  // Likewise; empty without folds.
  // One for each of `training`; weights under SAMPLING_WEIGHTED alone.
  std::vector<int> training_classes;
  std::vector<double> training_weights;
};

// By the recipe's folds, and the column `weight` of the films.
// Errors: AssignFolds's; kInvalidArgument (with folds, one Patient ID in the headers of films
// of two patients, who might come to both sides: names the two films); kInvalidArgument (under
// SAMPLING_WEIGHTED, a weight of a training film that is missing, negative or no number: names the
// film; none above 0).
absl::StatusOr<FilmDivision> DivideFilms(const Dataset& dataset,
                                         const camnode::training::v1::Recipe& recipe);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_FILM_DIVISION_H_
