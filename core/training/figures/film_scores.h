// Films through models: what each model says of each film, and what a film shows without
// being looked at.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_FILM_SCORES_H_
#define CAMNODE_CORE_TRAINING_FIGURES_FILM_SCORES_H_

#include <cstddef>
#include <functional>
#include <map>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/models/model_repository.h"
#include "core/training/figures/shortcut_statistics.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

// Done, and of how many; on the caller's thread.  May be empty.
using FilmProgress = std::function<void(size_t done, size_t of)>;

struct UnreadableFilm {
  std::string name;
  std::string reason;
};

// A film, and what each model says of it.
struct EvaluatedFilm {
  std::string name;
  std::string path;
  std::string patient;
  bool positive = false;
  std::map<std::string, std::string> columns;
  std::vector<ModelResult> results;  // One a model.
};

// The shortcut statistics of a film are measured on the picture that the first model is
// given, with the film's own size.
struct FilmStatistics {
  std::vector<double> picture;  // Of kPictureStatistics.
  OriginalSize size;
};

struct FilmScores {
  std::vector<size_t> scored;              // Positions in the data set, rising.
  std::vector<EvaluatedFilm> films;        // One for each of `scored`.
  std::vector<FilmStatistics> statistics;  // Likewise.
  std::vector<UnreadableFilm> unreadable;
  // [corruption of the suite][film][model], where they are wanted: log odds.
  std::vector<std::vector<std::vector<double>>> corrupted;
};

// Each film in FLOAT32, in batches of `batch` (1 or 8); `positive_class` is a position in
// the data set's classes.  With `corrupt` also as CorruptionSuite changes the picture that
// each model is given.
// Errors: Classifier's of a model; a film that cannot be read or prepared is in
// `unreadable` and is no error.
absl::StatusOr<FilmScores> ScoreFilms(const std::vector<ModelFolder>& models,
                                      const Dataset& dataset, int positive_class,
                                      const FilmReader& read_film, int batch,
                                      const FilmProgress& progress, bool corrupt = false);

// The statistics alone, of every film of `dataset`, as a model with this preprocessing is
// given them; by all cores.
// Errors: those of the first film that cannot be read (names it).
absl::StatusOr<std::vector<FilmStatistics>> MeasureStatistics(
    const Dataset& dataset, const camnode::model::v1::Preprocessing& preprocessing,
    const FilmReader& read_film, const FilmProgress& progress);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_FILM_SCORES_H_
