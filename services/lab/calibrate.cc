// camnode-lab calibrate

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/models/ensemble_threshold.h"
#include "core/models/model_manifest.h"
#include "core/models/model_repository.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/evaluation/shortcut_section.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/thresholds.h"
#include "core/training/films/dataset.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/model_calibration.h"
#include "core/training/train/out_of_fold.h"
#include "core/training/train/recipe.h"
#include "core/training/train/run_curves.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

// The runs of one model: the first is the one that becomes a folder, and all give
// scores of the films they had not seen.
struct Candidate {
  ModelFolder model;
  TrainingRun first;
  std::vector<std::string> held_out;
};

// A training that left a model and scores of films that it had not seen.
absl::StatusOr<TrainingRun> ReadFinishedRun(const std::string& folder) {
  std::error_code error;
  const fs::path path = folder;
  CAMNODE_ASSIGN_OR_RETURN(const camnode::training::v1::Recipe recipe,
                           ReadRecipe((path / "recipe.textproto").string()));
  if (recipe.folds() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder,
                     ": this training held out no fold, so there are no films that the network had "
                     "not seen; train with folds"));
  }
  if (!fs::exists(path / "model" / "manifest.textproto", error) ||
      !fs::exists(path / "held_out.csv", error)) {
    return absl::FailedPreconditionError(
        absl::StrCat(folder, ": this training is not finished; give its camnode-lab train again"));
  }
  return ReadTrainingRun(folder);
}

absl::StatusOr<std::vector<Candidate>> ReadRuns(const std::vector<std::string>& folders) {
  std::vector<Candidate> candidates;
  for (const std::string& folder : folders) {
    CAMNODE_ASSIGN_OR_RETURN(TrainingRun run, ReadFinishedRun(folder));
    const std::string& name = run.recipe.manifest().name();
    auto found = std::find_if(candidates.begin(), candidates.end(),
                              [&](const Candidate& c) { return c.model.manifest.name() == name; });
    if (found == candidates.end()) {
      Candidate& candidate = candidates.emplace_back();
      CAMNODE_ASSIGN_OR_RETURN(
          candidate.model,
          LoadModelFolder((fs::path(folder) / "model").string(), WeightsCheck::kVerifyDigest));
      candidate.first = std::move(run);
      found = candidates.end() - 1;
    }
    found->held_out.push_back((fs::path(folder) / "held_out.csv").string());
  }
  return candidates;
}

std::string PositiveClassOf(const camnode::training::v1::Recipe& recipe) {
  return ClassOfLabel(recipe, recipe.manifest().reported_label());
}

// The weight of every film that the recipe trains with, out of fold.
absl::StatusOr<std::map<std::string, double>> ShortcutWeights(const Candidate& candidate,
                                                              const std::string& data) {
  CAMNODE_ASSIGN_OR_RETURN(const Dataset dataset,
                           ReadDataset(DatasetOptionsOf(candidate.first.recipe, data)));
  CAMNODE_ASSIGN_OR_RETURN(
      const ShortcutFilms films,
      MeasureShortcutFilms(dataset, PositiveClassOf(candidate.first.recipe), candidate.model,
                           ReadFilm, /*seed=*/1, FilmProgress()));
  CAMNODE_ASSIGN_OR_RETURN(const ShortcutSection section,
                           ShortcutOutOfFold(films, BootstrapOptions()));
  std::map<std::string, double> weights;
  for (size_t i = 0; i < films.films.size(); ++i) {
    weights[films.films[i].name] = section.baseline.weights[i];
  }
  return weights;
}

// OUTPUT/NAME/VERSION with the run's weights under a manifest of its own.
absl::StatusOr<ModelFolder> WriteCalibrated(const ModelFolder& model,
                                            const CalibratedScores& scores,
                                            const std::string& threshold_set,
                                            const std::string& output) {
  camnode::model::v1::ModelManifest manifest = model.manifest;
  DescribeThreshold(scores, threshold_set, manifest);
  CAMNODE_RETURN_IF_ERROR(CheckManifest(manifest));
  const fs::path folder = fs::path(output) / manifest.name() / manifest.version();
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path weights = folder / manifest.weights_file();
  if (!fs::copy_file(model.weights_path, weights, error)) {
    return absl::UnavailableError(absl::StrCat("cannot write ", weights.string(), ": ",
                                               error ? error.message() : "it exists",
                                               "; a model folder is never changed: give another "
                                               "--output, or the recipe another version"));
  }
  const std::string path = (folder / "manifest.textproto").string();
  CAMNODE_RETURN_IF_ERROR(
      WriteFileDurably(path, FormatManifest(manifest,
                                            "What the weights beside this file are; see "
                                            "proto/camnode/model/v1/manifest.proto.")));
  fs::permissions(path, fs::perms::group_read | fs::perms::others_read, fs::perm_options::add,
                  error);
  fs::permissions(weights, fs::perms::group_read | fs::perms::others_read, fs::perm_options::add,
                  error);
  return LoadModelFolder(folder.string(), WeightsCheck::kVerifyDigest);
}

absl::Status WriteMeanThreshold(const ThresholdChoice& choice,
                                const std::vector<ModelFolder>& models,
                                const std::string& threshold_set, const std::string& output) {
  EnsembleThreshold mean = EnsembleThresholdOf(models);
  mean.set_threshold(choice.threshold.estimate);
  mean.set_interval_low(choice.threshold.low);
  mean.set_interval_high(choice.threshold.high);
  mean.set_interval_level(BootstrapOptions().confidence);
  mean.set_rule(ShippedThresholdRule());
  mean.set_films(choice.positives + choice.negatives);
  mean.set_normals(choice.negatives);
  mean.set_threshold_set_id(threshold_set);
  return SaveEnsembleThreshold(output, mean);
}

void Print(const std::string& name, const ThresholdChoice& choice) {
  absl::PrintF(
      "%s: threshold %.5f (%.5f to %.5f), shortcut-balanced sensitivity %.3f, specificity %.3f, "
      "%d films with the finding, %d without\n",
      name, choice.threshold.estimate, choice.threshold.low, choice.threshold.high,
      choice.sensitivity.estimate, choice.specificity.estimate, choice.positives, choice.negatives);
}

constexpr Option kOptions[] = {
    Option::Text("run", "DIR",
                 "of several runs of one model, which differ in the fold held out, the first "
                 "gives the weights and all give scores")
        .Required()
        .Repeated(),
    Option::Text("data", "FOLDER", "what the runs were trained with").Required(),
    Option::Text("output", "DIR", "such as deploy/models").Required(),
    Option::Number("prevalence", "P",
                   "share of positives among the films that probabilities are meant for; "
                   "default: that of the scored films"),
    Option::Text("threshold-set", "ID", "default: NAME-VERSION of the first model"),
    ThreadsOption(),
};

// Errors: those of the runs, the data set and CalibrateModels; kUnavailable (a folder cannot
// be written, or a model stands there).
absl::Status Run(const Arguments& arguments) {
  const std::string output = arguments.Text("output");
  SetThreads(arguments);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<Candidate> candidates,
                           ReadRuns(arguments.Texts("run")));
  std::vector<std::vector<ScoredFilm>> out_of_fold;
  for (const Candidate& candidate : candidates) {
    CAMNODE_ASSIGN_OR_RETURN(
        const OutOfFoldScores scores,
        ReadOutOfFold(candidate.held_out, PositiveClassOf(candidate.first.recipe)));
    out_of_fold.push_back(scores.films);
  }
  CAMNODE_ASSIGN_OR_RETURN(const double share, PositiveShare(out_of_fold[0]));
  const double prevalence = arguments.Has("prevalence") ? arguments.Number("prevalence") : share;
  const auto& first = candidates[0].model.manifest;
  const std::string threshold_set =
      arguments.TextOr("threshold-set", absl::StrCat(first.name(), "-", first.version()));
  CAMNODE_ASSIGN_OR_RETURN(const auto weights,
                           ShortcutWeights(candidates[0], arguments.Text("data")));
  CAMNODE_ASSIGN_OR_RETURN(const ModelCalibration calibration,
                           CalibrateModels(std::move(out_of_fold), weights, prevalence));

  std::vector<ModelFolder> models;
  for (size_t i = 0; i < candidates.size(); ++i) {
    CAMNODE_ASSIGN_OR_RETURN(
        ModelFolder model,
        WriteCalibrated(candidates[i].model, calibration.models[i], threshold_set, output));
    Print(model.directory, calibration.models[i].threshold);
    models.push_back(std::move(model));
  }
  if (!calibration.mean.has_value()) return absl::OkStatus();
  Print("mean of the models", *calibration.mean);
  return WriteMeanThreshold(*calibration.mean, models, threshold_set, output);
}

}  // namespace

const LabCommand kCalibrate = {{"calibrate",
                                R"(From finished trainings to model folders.

Probabilities are calibrated (Platt) and thresholds chosen on the films that each network
had not seen, by the one rule of this project: the highest threshold at which the
shortcut-balanced, pooled out-of-fold sensitivity is at least 0.90.  Writes
DIR/NAME/VERSION for each model, and for several models the threshold of their mean below
DIR/ensemble.)",
                                {},
                                kOptions},
                               Run};

}  // namespace camnode
