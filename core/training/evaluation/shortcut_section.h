// The shortcut baseline of a report: which films it is fitted on, and what it says of the
// evaluated ones.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_SHORTCUT_SECTION_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_SHORTCUT_SECTION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/models/model_repository.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

// Fewer films of a class are too few to fit 26 statistics on.
inline constexpr int kMinShortcutFilms = 50;
inline constexpr int kShortcutFolds = 5;

// Films with their statistics.  `films` say patient, fold and label.
struct ShortcutFilms {
  std::vector<ScoredFilm> films;
  std::vector<FilmStatistics> statistics;  // One a film.
};

// The films of `training` whose patient and bytes are none of `evaluated`'s.
Dataset WithoutFilmsOf(const Dataset& training, const Dataset& evaluated);

// Every film of `dataset`, dealt to kShortcutFolds folds.  `model` says how films are
// prepared.
// Errors: MeasureStatistics', AssignFolds'.
absl::StatusOr<ShortcutFilms> MeasureShortcutFilms(const Dataset& dataset,
                                                   const std::string& positive_class,
                                                   const ModelFolder& model,
                                                   const FilmReader& read_film, uint64_t seed,
                                                   const FilmProgress& progress);

// Fitted on `training`, which must share no patient with `films`, and applied to `films`.
// Errors: kFailedPrecondition (too few films of a class in `training`),
// ApplyShortcutBaseline's.
absl::StatusOr<ShortcutSection> ShortcutFromTraining(const ShortcutFilms& training,
                                                     const ShortcutFilms& films,
                                                     const BootstrapOptions& options);

// Fitted on `films` without each fold, and applied to the fold.
// Errors: kFailedPrecondition (too few films of a class), FitShortcutBaseline's.
absl::StatusOr<ShortcutSection> ShortcutOutOfFold(const ShortcutFilms& films,
                                                  const BootstrapOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_SHORTCUT_SECTION_H_
