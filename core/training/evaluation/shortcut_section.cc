#include "core/training/evaluation/shortcut_section.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/models/model_repository.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/shortcut_baseline.h"
#include "core/training/figures/shortcut_statistics.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/folds.h"
#include "core/training/films/labelled_film.h"

namespace camnode {
namespace {

absl::Status CheckCount(const std::vector<ScoredFilm>& films) {
  int positives = 0;
  for (const ScoredFilm& film : films) positives += film.positive ? 1 : 0;
  const int negatives = static_cast<int>(films.size()) - positives;
  if (positives >= kMinShortcutFilms && negatives >= kMinShortcutFilms) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrFormat("%d films with the finding and %d without: a shortcut baseline is fitted on "
                      "%d of each, or more",
                      positives, negatives, kMinShortcutFilms));
}

// A size that all films share says nothing, and of other films it would be made up.
bool SizesVary(const std::vector<FilmStatistics>& statistics) {
  for (const FilmStatistics& film : statistics) {
    if (film.size.width != statistics[0].size.width ||
        film.size.height != statistics[0].size.height) {
      return true;
    }
  }
  return false;
}

std::vector<std::vector<double>> Rows(const std::vector<FilmStatistics>& statistics,
                                      bool with_size) {
  std::vector<std::vector<double>> rows;
  for (const FilmStatistics& film : statistics) {
    std::vector<double>& row = rows.emplace_back(film.picture);
    if (!with_size) continue;
    const double width = film.size.width;
    const double height = film.size.height;
    row.push_back(std::log(width * height));
    row.push_back(std::log(width / height));
  }
  return rows;
}

// The baseline's own AUC with its interval.
absl::optional<Interval> BaselineAuc(std::vector<ScoredFilm> films, const ShortcutBaseline& base,
                                     const BootstrapOptions& options) {
  for (size_t i = 0; i < films.size(); ++i) {
    films[i].logit = base.logits[i];
    films[i].probability = base.probabilities[i];
  }
  const absl::StatusOr<Interval> auc = AucInterval(films, Score::kLogit, options);
  if (!auc.ok()) return absl::nullopt;
  return *auc;
}

ShortcutSection MakeSection(const std::vector<ScoredFilm>& films, ShortcutBaseline baseline,
                            bool with_size, const BootstrapOptions& options) {
  ShortcutSection section;
  for (const char* name : ShortcutStatisticNames(with_size)) section.statistics.push_back(name);
  section.auc = BaselineAuc(films, baseline, options);
  section.baseline = std::move(baseline);
  return section;
}

}  // namespace

Dataset WithoutFilmsOf(const Dataset& training, const Dataset& evaluated) {
  std::set<std::string> patients;
  std::set<std::string> digests;
  for (const LabelledFilm& film : evaluated.films) {
    patients.insert(film.patient);
    digests.insert(film.sha256);
  }
  Dataset rest;
  rest.classes = training.classes;
  for (const LabelledFilm& film : training.films) {
    if (patients.count(film.patient) == 0 && digests.count(film.sha256) == 0) {
      rest.films.push_back(film);
    }
  }
  return rest;
}

absl::StatusOr<ShortcutFilms> MeasureShortcutFilms(const Dataset& dataset,
                                                   const std::string& positive_class,
                                                   const ModelFolder& model,
                                                   const FilmReader& read_film, uint64_t seed,
                                                   const FilmProgress& progress) {
  ShortcutFilms films;
  CAMNODE_ASSIGN_OR_RETURN(
      films.statistics,
      MeasureStatistics(dataset, model.manifest.preprocessing(), read_film, progress));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<int> folds,
                           AssignFolds(dataset, kShortcutFolds, seed));
  for (size_t i = 0; i < folds.size(); ++i) {
    const LabelledFilm& film = dataset.films[i];
    ScoredFilm scored;
    scored.name = film.name;
    scored.patient = film.patient;
    scored.fold = folds[i];
    scored.positive = dataset.classes[static_cast<size_t>(film.class_index)] == positive_class;
    films.films.push_back(std::move(scored));
  }
  return films;
}

absl::StatusOr<ShortcutSection> ShortcutFromTraining(const ShortcutFilms& training,
                                                     const ShortcutFilms& films,
                                                     const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckCount(training.films));
  const bool with_size = SizesVary(training.statistics);
  CAMNODE_ASSIGN_OR_RETURN(
      const ShortcutBaseline fitted,
      FitShortcutBaseline(Rows(training.statistics, with_size), training.films));
  CAMNODE_ASSIGN_OR_RETURN(
      ShortcutBaseline applied,
      ApplyShortcutBaseline(fitted, Rows(films.statistics, with_size), films.films));
  ShortcutSection section = MakeSection(films.films, std::move(applied), with_size, options);
  section.source = absl::StrFormat(
      "A logistic regression on %d statistics of the picture, fitted on %d training films of other "
      "patients (AUC there, out of fold: %.3f) and applied to the films of this report.",
      section.statistics.size(), training.films.size(), fitted.auc);
  return section;
}

absl::StatusOr<ShortcutSection> ShortcutOutOfFold(const ShortcutFilms& films,
                                                  const BootstrapOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckCount(films.films));
  const bool with_size = SizesVary(films.statistics);
  CAMNODE_ASSIGN_OR_RETURN(ShortcutBaseline baseline,
                           FitShortcutBaseline(Rows(films.statistics, with_size), films.films));
  ShortcutSection section = MakeSection(films.films, std::move(baseline), with_size, options);
  section.source = absl::StrFormat(
      "A logistic regression on %d statistics of the picture, fitted on these %d films without "
      "each fold in turn and applied to the fold.",
      section.statistics.size(), films.films.size());
  return section;
}

}  // namespace camnode
