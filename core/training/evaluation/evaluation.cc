#include "core/training/evaluation/evaluation.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/inference/classifier.h"
#include "core/inference/device/precision.h"
#include "core/models/ensemble_threshold.h"
#include "core/training/evaluation/bias_alarms.h"
#include "core/training/evaluation/out_of_fold_evaluation.h"
#include "core/training/evaluation/score_figures.h"
#include "core/training/evaluation/shortcut_section.h"
#include "core/training/evaluation/words.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/films/corruption_suite.h"
#include "core/training/films/folds.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/recipe.h"
#include "core/training/train/run_curves.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

constexpr int kFewPatients = 10;

class Evaluator {
 public:
  Evaluator(const std::vector<ModelFolder>& models, const Dataset& dataset,
            const FilmReader& read_film, const EvaluationOptions& options)
      : models_(models), dataset_(dataset), read_film_(read_film), options_(options) {
    bootstrap_.rounds = options.bootstrap_rounds;
    bootstrap_.seed = options.seed;
  }

  absl::StatusOr<EvaluationResult> Run() {
    CAMNODE_RETURN_IF_ERROR(FindPositiveClass());
    CAMNODE_RETURN_IF_ERROR(CheckSubgroups());
    CAMNODE_RETURN_IF_ERROR(Score());
    CAMNODE_RETURN_IF_ERROR(MeasureShortcutBaseline());
    CAMNODE_RETURN_IF_ERROR(MeasureModels());
    MeasureCorruptions();
    Compare();
    CAMNODE_RETURN_IF_ERROR(MeasureOutOfFold());
    result_.runs = options_.runs;
    FindTrainingFilms();
    Describe();
    CheckPatients();
    return std::move(result_);
  }

 private:
  absl::Status FindPositiveClass() {
    const std::string label = models_.front().manifest.reported_label();
    for (const ModelFolder& model : models_) {
      if (model.manifest.reported_label() == label) continue;
      return absl::InvalidArgumentError(absl::StrCat("the models report different labels: ", label,
                                                     " and ", model.manifest.reported_label()));
    }
    const std::string wanted = options_.positive_class.empty() ? label : options_.positive_class;
    for (size_t i = 0; i < dataset_.classes.size(); ++i) {
      const std::string& name = dataset_.classes[i];
      const bool found =
          options_.positive_class.empty() ? absl::EqualsIgnoreCase(name, wanted) : name == wanted;
      if (found) positive_class_ = static_cast<int>(i);
    }
    if (positive_class_ < 0 && options_.positive_class.empty()) {
      positive_class_ = ClassTrainedAs(label);
    }
    if (positive_class_ >= 0) return absl::OkStatus();
    if (!options_.positive_class.empty() && dataset_.classes.size() == 1) {
      // Films of one class, and the caller says that it is not this one.
      positive_class_ = 1;
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat("no class \"", wanted, "\" among the data set's (\"",
                     absl::StrJoin(dataset_.classes, "\", \""),
                     "\"): --class NAME says which films show the finding"));
  }

  // Of the data set's classes; -1: none had this label in a run.
  int ClassTrainedAs(const std::string& label) const {
    for (const TrainingRun& run : options_.runs) {
      const auto found = absl::c_find(dataset_.classes, ClassOfLabel(run.recipe, label));
      if (found != dataset_.classes.end()) {
        return static_cast<int>(found - dataset_.classes.begin());
      }
    }
    return -1;
  }

  absl::Status CheckSubgroups() const {
    for (const std::string& column : options_.subgroups) {
      const bool known =
          std::any_of(dataset_.films.begin(), dataset_.films.end(),
                      [&column](const LabelledFilm& film) { return film.columns.count(column); });
      if (known) continue;
      std::set<std::string> columns;
      for (const LabelledFilm& film : dataset_.films) {
        for (const auto& [name, value] : film.columns) columns.insert(name);
      }
      return absl::InvalidArgumentError(
          absl::StrCat("no film has a column \"", column, "\" for --subgroup; there is ",
                       columns.empty() ? "none" : absl::StrJoin(columns, ", ")));
    }
    return absl::OkStatus();
  }

  absl::Status Score() {
    CAMNODE_ASSIGN_OR_RETURN(
        FilmScores scores,
        ScoreFilms(models_, dataset_, positive_class_, read_film_, options_.batch,
                   Progress("films scored"), options_.corruptions));
    if (scores.films.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("no film could be read; the first: ", scores.unreadable.front().name, ": ",
                       scores.unreadable.front().reason));
    }
    statistics_ = std::move(scores.statistics);
    scored_ = std::move(scores.scored);
    corrupted_ = std::move(scores.corrupted);
    result_.films = std::move(scores.films);
    result_.data.unreadable = std::move(scores.unreadable);
    return absl::OkStatus();
  }

  FilmProgress Progress(const std::string& what) const {
    if (!options_.progress) return {};
    return [this, what](size_t done, size_t of) { options_.progress(what, done, of); };
  }

  // The films without scores.
  std::vector<ScoredFilm> PlainFilms() const {
    std::vector<ScoredFilm> films;
    for (const EvaluatedFilm& film : result_.films) {
      ScoredFilm plain;
      plain.name = film.name;
      plain.patient = film.patient;
      plain.positive = film.positive;
      films.push_back(std::move(plain));
    }
    return films;
  }

  // What of the data set could be read.
  Dataset ReadableFilms() const {
    Dataset readable;
    readable.classes = dataset_.classes;
    for (const size_t i : scored_) readable.films.push_back(dataset_.films[i]);
    return readable;
  }

  absl::StatusOr<ShortcutSection> FromTraining() const {
    const Dataset training = WithoutFilmsOf(*options_.shortcut_data, ReadableFilms());
    if (training.films.empty()) {
      return absl::FailedPreconditionError("every training film is of a patient in this report");
    }
    CAMNODE_ASSIGN_OR_RETURN(
        const ShortcutFilms measured,
        MeasureShortcutFilms(training, PositiveName(), models_.front(), read_film_, options_.seed,
                             Progress("training films measured")));
    return ShortcutFromTraining(measured, {PlainFilms(), statistics_}, bootstrap_);
  }

  absl::StatusOr<ShortcutSection> FromFilmsThemselves() const {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<int> folds,
                             AssignFolds(ReadableFilms(), kShortcutFolds, options_.seed));
    ShortcutFilms films{PlainFilms(), statistics_};
    for (size_t i = 0; i < folds.size(); ++i) films.films[i].fold = folds[i];
    return ShortcutOutOfFold(films, bootstrap_);
  }

  absl::Status MeasureShortcutBaseline() {
    absl::StatusOr<ShortcutSection> section =
        options_.shortcut_data.has_value() ? FromTraining() : FromFilmsThemselves();
    if (section.ok()) {
      result_.shortcut = *std::move(section);
      return absl::OkStatus();
    }
    result_.shortcut_absence = std::string(section.status().message());
    // A training film that cannot be read is the caller's to mend; too few films are not.
    const bool asked = options_.shortcut_data.has_value() &&
                       section.status().code() != absl::StatusCode::kFailedPrecondition &&
                       section.status().code() != absl::StatusCode::kInvalidArgument;
    return asked ? section.status() : absl::OkStatus();
  }

  // What one model says.
  CalibratedFilms ScoresOf(size_t model) const {
    std::vector<ScoredFilm> films = PlainFilms();
    for (size_t i = 0; i < films.size(); ++i) {
      films[i].logit = result_.films[i].results[model].finding.log_odds;
    }
    return Calibrate(std::move(films), models_[model].manifest);
  }

  // What one model says of changed films.
  CalibratedFilms CorruptedScoresOf(size_t model, size_t corruption) const {
    std::vector<ScoredFilm> films = PlainFilms();
    for (size_t i = 0; i < films.size(); ++i) films[i].logit = corrupted_[corruption][i][model];
    return Calibrate(std::move(films), models_[model].manifest);
  }

  void MeasureCorruptions() {
    for (size_t corruption = 0; corruption < corrupted_.size(); ++corruption) {
      const std::string& name = CorruptionSuite()[corruption].name;
      std::vector<CalibratedFilms> all;
      for (size_t model = 0; model < models_.size(); ++model) {
        all.push_back(CorruptedScoresOf(model, corruption));
        ScoreEvaluation& scores = result_.models[model];
        scores.corruptions.push_back(MeasureCorruption(name, all.back().films, scores.threshold));
      }
      if (!result_.mean.has_value()) continue;
      result_.mean->corruptions.push_back(
          MeasureCorruption(name, MeanOfModels(all), result_.mean->threshold));
    }
  }

  void Measure(ScoreEvaluation& scores) const {
    scores.figures = MeasureScores(scores.films, scores.threshold, bootstrap_);
    if (result_.shortcut.has_value()) {
      scores.shortcut =
          MeasureShortcut(scores.films, scores.threshold, *result_.shortcut, bootstrap_);
    }
    std::vector<std::map<std::string, std::string>> columns;
    for (const EvaluatedFilm& film : result_.films) columns.push_back(film.columns);
    scores.subgroups =
        MeasureSubgroups(scores.films, columns, options_.subgroups, scores.threshold, bootstrap_);
    scores.alarms = ScoreAlarms(scores, result_.shortcut);
  }

  ScoreEvaluation DescribeModel(const ModelFolder& model) const {
    const v1::ModelManifest& manifest = model.manifest;
    ScoreEvaluation scores;
    scores.name = manifest.name();
    const auto same_name = [&manifest](const ModelFolder& other) {
      return other.manifest.name() == manifest.name();
    };
    scores.label = std::count_if(models_.begin(), models_.end(), same_name) > 1
                       ? absl::StrCat(manifest.name(), "/", manifest.version())
                       : manifest.name();
    scores.version = manifest.version();
    scores.architecture = manifest.architecture();
    scores.weights_sha256 = manifest.weights_sha256();
    scores.threshold = manifest.threshold();
    scores.threshold_set_id = manifest.threshold_set_id();
    scores.threshold_origin = "the manifest";
    if (manifest.has_threshold_origin()) {
      const v1::ThresholdOrigin& origin = manifest.threshold_origin();
      scores.threshold_interval =
          Interval{manifest.threshold(), origin.interval_low(), origin.interval_high()};
      scores.threshold_origin = absl::StrFormat("the manifest (%s; %d films, %d of them normal)",
                                                origin.rule(), origin.films(), origin.normals());
    }
    scores.manifest = manifest;
    std::error_code error;
    const auto bytes = fs::file_size(model.weights_path, error);
    scores.weights_bytes = error ? 0 : bytes;
    return scores;
  }

  absl::Status MeasureModels() {
    std::vector<CalibratedFilms> all;
    for (size_t i = 0; i < models_.size(); ++i) {
      all.push_back(ScoresOf(i));
      ScoreEvaluation scores = DescribeModel(models_[i]);
      scores.films = all.back().films;
      Measure(scores);
      for (const TrainingRun& run : options_.runs) {
        if (run.recipe.manifest().name() != scores.name) continue;
        for (std::string& alarm : PreprocessingAlarms(run.recipe, models_[i].manifest)) {
          scores.alarms.push_back(std::move(alarm));
        }
      }
      result_.models.push_back(std::move(scores));
    }
    if (models_.size() < 2) return absl::OkStatus();
    ScoreEvaluation mean;
    mean.name = "mean";
    mean.label = "mean of the models";
    mean.weights_sha256 = ScoresDigest(models_);
    mean.films = MeanOfModels(all);
    CAMNODE_RETURN_IF_ERROR(FindMeanThreshold(mean));
    Measure(mean);
    result_.mean = std::move(mean);
    return absl::OkStatus();
  }

  absl::Status FindMeanThreshold(ScoreEvaluation& mean) const {
    // DIRECTORY/NAME/VERSION
    const fs::path folder = fs::absolute(models_.front().directory).lexically_normal();
    const fs::path version = folder.has_filename() ? folder : folder.parent_path();
    const absl::StatusOr<EnsembleThreshold> shipped =
        LoadEnsembleThreshold(version.parent_path().parent_path().string(), models_);
    if (shipped.ok()) {
      mean.threshold = shipped->threshold();
      mean.threshold_set_id = shipped->threshold_set_id();
      mean.threshold_interval =
          Interval{shipped->threshold(), shipped->interval_low(), shipped->interval_high()};
      mean.threshold_origin = absl::StrCat("the models' ensemble file (", shipped->rule(), ")");
      return absl::OkStatus();
    }
    if (!absl::IsNotFound(shipped.status())) return shipped.status();
    double sum = 0.0;
    for (const ModelFolder& model : models_) sum += model.manifest.threshold();
    mean.threshold = sum / static_cast<double>(models_.size());
    mean.threshold_set_id = ThresholdSetId(models_);
    mean.threshold_origin =
        "the mean of the manifests' thresholds: no ensemble file names one for these models";
    return absl::OkStatus();
  }

  void Compare() {
    std::vector<const ScoreEvaluation*> all;
    for (const ScoreEvaluation& model : result_.models) all.push_back(&model);
    if (result_.mean.has_value()) all.push_back(&*result_.mean);
    for (size_t i = 0; i < all.size(); ++i) {
      for (size_t j = i + 1; j < all.size(); ++j) {
        const absl::StatusOr<Interval> difference =
            AucDifference(all[i]->films, all[j]->films, Score::kLogit, bootstrap_);
        if (difference.ok()) {
          result_.comparisons.push_back({all[i]->label, all[j]->label, *difference});
        }
      }
    }
  }

  absl::Status MeasureOutOfFold() {
    if (options_.out_of_fold.empty()) return absl::OkStatus();
    OutOfFoldOptions folds;
    folds.positive_class = PositiveName();
    folds.films = options_.shortcut_data.has_value() ? &*options_.shortcut_data : nullptr;
    folds.bootstrap = bootstrap_;
    if (result_.mean.has_value()) folds.mean_threshold = result_.mean->threshold;
    folds.progress = Progress("films of the folds measured");
    CAMNODE_ASSIGN_OR_RETURN(result_.out_of_fold,
                             EvaluateOutOfFold(options_.out_of_fold, models_, read_film_, folds));
    return absl::OkStatus();
  }

  // Figures on films of patients whom the models were trained with flatter.
  void FindTrainingFilms() {
    const auto& training =
        options_.shortcut_data.has_value() ? options_.shortcut_data : options_.training_films;
    if (!training.has_value()) return;
    const Dataset unseen = WithoutFilmsOf(ReadableFilms(), *training);
    const size_t seen = scored_.size() - unseen.films.size();
    if (seen == 0) return;
    result_.alarms.push_back(absl::StrFormat(
        "%d of the %d films are of patients, or are copies of films, among the training films: "
        "the figures flatter models that were trained with them.",
        seen, scored_.size()));
  }

  // Whoever is one patient for the program is drawn as one, and there is no other to draw.
  void CheckPatients() {
    const EvaluatedData& data = result_.data;
    if (data.patients >= kFewPatients || data.films < 2 * data.patients) return;
    result_.alarms.push_back(absl::StrFormat(
        "The %d films count as films of %s: intervals over so few mean nothing. If they are "
        "more, a column patient or --patient-pattern says whose each film is.",
        data.films, Count(data.patients, "patient", "patients")));
  }

  void Describe() {
    EvaluatedData& data = result_.data;
    data.path = options_.data_path;
    data.split = options_.split;
    data.patient_rule = options_.patient_rule;
    data.digest = dataset_.digest;
    data.positive_class = PositiveName();
    data.classes = dataset_.classes;
    data.films = static_cast<int>(result_.films.size());
    std::set<std::string> patients;
    std::set<std::string> digests;
    for (const EvaluatedFilm& film : result_.films) {
      data.positives += film.positive ? 1 : 0;
      patients.insert(film.patient);
    }
    for (const size_t i : scored_) {
      if (!digests.insert(dataset_.films[i].sha256).second) ++data.duplicates;
    }
    data.patients = static_cast<int>(patients.size());
    Circumstances& circumstances = result_.circumstances;
    circumstances.program_version = options_.program_version;
    circumstances.libtorch_version = LibTorchVersion();
    circumstances.instruction_set = InstructionSet();
    circumstances.batch = options_.batch;
    circumstances.threads = options_.threads;
    circumstances.seed = options_.seed;
    circumstances.bootstrap_rounds = options_.bootstrap_rounds;
  }

  const std::string& PositiveName() const {
    const auto number = static_cast<size_t>(positive_class_);
    return number < dataset_.classes.size() ? dataset_.classes[number] : options_.positive_class;
  }

  const std::vector<ModelFolder>& models_;
  const Dataset& dataset_;
  const FilmReader& read_film_;
  const EvaluationOptions& options_;
  BootstrapOptions bootstrap_;
  int positive_class_ = -1;
  std::vector<size_t> scored_;  // Positions of the films in the data set.
  std::vector<FilmStatistics> statistics_;
  std::vector<std::vector<std::vector<double>>> corrupted_;  // FilmScores::corrupted
  EvaluationResult result_;
};

}  // namespace

absl::StatusOr<EvaluationResult> Evaluate(const std::vector<ModelFolder>& models,
                                          const Dataset& dataset, const FilmReader& read_film,
                                          const EvaluationOptions& options) {
  if (models.empty()) return absl::InvalidArgumentError("no model is given");
  return Evaluator(models, dataset, read_film, options).Run();
}

}  // namespace camnode
