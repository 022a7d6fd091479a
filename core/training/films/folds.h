// Which films may not be torn apart: folds.

#ifndef CAMNODE_CORE_TRAINING_FILMS_FOLDS_H_
#define CAMNODE_CORE_TRAINING_FILMS_FOLDS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

// The fold, 0 to folds - 1, of each film.  Films of one patient, and films of the same
// bytes, are in one fold; none is empty.  Films of each class are spread evenly: large
// groups are dealt first, those of one size in the order of a seeded hash of their
// patients, each to the fold that has the fewest films of its class.  A class of fewer
// patients than folds is absent from some.  The same films, number and seed give the
// same folds on every machine.
// REQUIRES: folds > 0.
// Errors: kInvalidArgument (fewer patients than folds; those that share films are one).
absl::StatusOr<std::vector<int>> AssignFolds(const Dataset& dataset, int folds, uint64_t seed);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_FOLDS_H_
