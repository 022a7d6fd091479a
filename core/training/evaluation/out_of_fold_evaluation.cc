#include "core/training/evaluation/out_of_fold_evaluation.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/training/evaluation/bias_alarms.h"
#include "core/training/evaluation/score_figures.h"
#include "core/training/evaluation/shortcut_section.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/shortcut_baseline.h"
#include "core/training/figures/thresholds.h"
#include "core/training/films/folds.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/out_of_fold.h"

namespace camnode {
namespace {

struct MeasuredFilm {
  FilmStatistics statistics;
  int fold = 0;  // For the baseline, where the scores are of one fold only.
};
using FilmsByName = std::map<std::string, MeasuredFilm>;

// The model of this name; nullptr: there is none.
const ModelFolder* FindModel(const std::vector<ModelFolder>& models, const std::string& name) {
  const auto found = std::find_if(models.begin(), models.end(), [&name](const ModelFolder& model) {
    return model.manifest.name() == name;
  });
  return found == models.end() ? nullptr : &*found;
}

std::string Names(const std::vector<ScoredFilm>& films) {
  std::string names;
  for (const ScoredFilm& film : films) absl::StrAppend(&names, film.name, "\n");
  return names;
}

// Of the films in any of `recipes`.
absl::StatusOr<FilmsByName> MeasureFilms(const std::vector<CalibratedFilms>& recipes,
                                         const ModelFolder& model, const FilmReader& read_film,
                                         const OutOfFoldOptions& options) {
  std::set<std::string> names;
  for (const CalibratedFilms& recipe : recipes) {
    for (const ScoredFilm& film : recipe.films) names.insert(film.name);
  }
  Dataset chosen;
  chosen.classes = options.films->classes;
  for (const LabelledFilm& film : options.films->films) {
    if (names.count(film.name) > 0) chosen.films.push_back(film);
  }
  FilmsByName measured;
  if (chosen.films.empty()) return measured;
  CAMNODE_ASSIGN_OR_RETURN(
      std::vector<FilmStatistics> all,
      MeasureStatistics(chosen, model.manifest.preprocessing(), read_film, options.progress));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<int> folds,
                           AssignFolds(chosen, kShortcutFolds, options.bootstrap.seed));
  for (size_t i = 0; i < all.size(); ++i) {
    measured[chosen.films[i].name] = {std::move(all[i]), folds[i]};
  }
  return measured;
}

absl::StatusOr<ShortcutSection> MakeShortcut(const std::vector<ScoredFilm>& films,
                                             const FilmsByName& measured, int folds,
                                             const OutOfFoldOptions& options) {
  if (options.films == nullptr) {
    return absl::FailedPreconditionError("the films of the folds are not given");
  }
  ShortcutFilms shortcut;
  shortcut.films = films;
  for (ScoredFilm& film : shortcut.films) {
    const auto found = measured.find(film.name);
    if (found == measured.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the film ", film.name, " of the folds is not among the films given"));
    }
    shortcut.statistics.push_back(found->second.statistics);
    if (folds < 2) film.fold = found->second.fold;
  }
  return ShortcutOutOfFold(shortcut, options.bootstrap);
}

// Everything but name, files and threshold, which are there.
void Measure(const FilmsByName& measured, const OutOfFoldOptions& options,
             OutOfFoldEvaluation& evaluation) {
  ScoreEvaluation& scores = evaluation.scores;
  std::set<int> folds;
  for (const ScoredFilm& film : scores.films) folds.insert(film.fold);
  evaluation.folds = static_cast<int>(folds.size());
  scores.label = scores.name;
  scores.figures = MeasureScores(scores.films, scores.threshold, options.bootstrap);
  absl::StatusOr<ShortcutSection> section =
      MakeShortcut(scores.films, measured, evaluation.folds, options);
  if (section.ok()) {
    scores.shortcut = MeasureShortcut(scores.films, scores.threshold, *section, options.bootstrap);
    absl::StatusOr<ThresholdChoice> shipped =
        ShippedThreshold(WithWeights(scores.films, section->baseline.weights), options.bootstrap);
    if (shipped.ok()) {
      std::vector<NamedThreshold>& thresholds = scores.shortcut->balanced_thresholds;
      thresholds.insert(
          thresholds.begin(),
          {absl::StrFormat("what ships: sensitivity at least %.2f", kShippedSensitivity),
           *std::move(shipped)});
    }
    evaluation.shortcut = *std::move(section);
  } else {
    evaluation.shortcut_absence = std::string(section.status().message());
  }
  scores.alarms = ScoreAlarms(scores, evaluation.shortcut);
}

OutOfFoldEvaluation Describe(const OutOfFoldFiles& files, const ModelFolder* model) {
  OutOfFoldEvaluation evaluation;
  for (const std::string& path : files.paths) {
    evaluation.files.push_back(std::filesystem::path(path).filename().string());
  }
  evaluation.scores.name = files.name;
  evaluation.scores.threshold = 0.5;
  evaluation.scores.threshold_origin = "nowhere: one half, as no model of this name is given";
  if (model != nullptr) {
    evaluation.scores.threshold = model->manifest.threshold();
    evaluation.scores.threshold_origin = "the manifest of the model of this name";
  }
  return evaluation;
}

}  // namespace

absl::StatusOr<std::vector<OutOfFoldEvaluation>> EvaluateOutOfFold(
    const std::vector<OutOfFoldFiles>& files, const std::vector<ModelFolder>& models,
    const FilmReader& read_film, const OutOfFoldOptions& options) {
  std::vector<CalibratedFilms> recipes;
  for (const OutOfFoldFiles& group : files) {
    CAMNODE_ASSIGN_OR_RETURN(OutOfFoldScores pooled,
                             ReadOutOfFold(group.paths, options.positive_class));
    const ModelFolder* model = FindModel(models, group.name);
    recipes.push_back(Calibrate(std::move(pooled.films), model == nullptr
                                                             ? camnode::model::v1::ModelManifest()
                                                             : model->manifest));
  }
  FilmsByName measured;
  if (options.films != nullptr) {
    CAMNODE_ASSIGN_OR_RETURN(measured, MeasureFilms(recipes, models.front(), read_film, options));
  }
  std::vector<OutOfFoldEvaluation> evaluations;
  bool same_films = files.size() > 1;
  for (size_t i = 0; i < files.size(); ++i) {
    OutOfFoldEvaluation evaluation = Describe(files[i], FindModel(models, files[i].name));
    evaluation.scores.films = recipes[i].films;
    same_films = same_films && Names(recipes[i].films) == Names(recipes[0].films);
    Measure(measured, options, evaluation);
    evaluations.push_back(std::move(evaluation));
  }
  if (!same_films) return evaluations;
  OutOfFoldEvaluation mean;
  mean.scores.name = "mean of the recipes";
  mean.scores.films = MeanOfModels(recipes);
  mean.scores.threshold = options.mean_threshold;
  mean.scores.threshold_origin = "the mean of the models";
  Measure(measured, options, mean);
  evaluations.push_back(std::move(mean));
  return evaluations;
}

}  // namespace camnode
