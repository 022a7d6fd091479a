// Scores of films by networks that had not seen them: held_out.csv of the runs over the
// folds of one recipe.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_OUT_OF_FOLD_H_
#define CAMNODE_CORE_TRAINING_TRAIN_OUT_OF_FOLD_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

struct OutOfFoldScores {
  std::vector<std::string> classes;       // As the files name them, in alphabetical order.
  std::vector<ScoredFilm> films;          // Ordered by name.
  std::vector<std::string> film_classes;  // One a film.
  int folds = 0;
};

// Pools files with the header line name,patient,class,fold,logit,probability (further
// columns are skipped).  Films of the class `positive_class` are positive.
//
// Errors: kNotFound (no such file), kInvalidArgument (a line that cannot be understood,
// or a film twice: names file and line; no film; no film of `positive_class`).
absl::StatusOr<OutOfFoldScores> ReadOutOfFold(const std::vector<std::string>& paths,
                                              const std::string& positive_class);

// Such a file.  `film_classes`: one a film, as the data set names it.
std::string FormatOutOfFold(const std::vector<ScoredFilm>& films,
                            const std::vector<std::string>& film_classes);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_OUT_OF_FOLD_H_
