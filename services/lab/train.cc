// camnode-lab train

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/base/version.h"
#include "core/models/model_repository.h"
#include "core/training/evaluation/shortcut_section.h"
#include "core/training/films/dataset.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/film_division.h"
#include "core/training/train/recipe.h"
#include "core/training/train/refused_films.h"
#include "core/training/train/run_curves.h"
#include "core/training/train/trainer.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::training::v1;

// With all that stands beside it a line of 80 characters.
constexpr int kBarCells = 16;
constexpr absl::Duration kRedrawEvery = absl::Milliseconds(200);

absl::Status ApplyOptions(const Arguments& arguments, v1::Recipe& recipe) {
  const std::string fold = arguments.Text("fold");
  const std::string seed = arguments.Text("seed");
  int number = 0;
  uint64_t seed_number = 0;
  if (fold == "none") {
    recipe.set_folds(0);
    recipe.set_held_out_fold(0);
  } else if (!fold.empty()) {
    if (!absl::SimpleAtoi(fold, &number) || number < 0 || number >= recipe.folds()) {
      return absl::InvalidArgumentError(
          absl::StrCat("option --fold must be none or, of the recipe's ", recipe.folds(),
                       " folds, 0 to ", std::max(0, recipe.folds() - 1), ", not \"", fold, "\""));
    }
    recipe.set_held_out_fold(number);
  }
  if (!seed.empty()) {
    if (!absl::SimpleAtoi(seed, &seed_number)) {
      return absl::InvalidArgumentError("--seed wants a whole number from 0");
    }
    recipe.set_seed(seed_number);
  }
  return CheckRecipe(recipe);
}

std::string Bar(int64_t done, int64_t total) {
  const auto filled = static_cast<size_t>(total == 0 ? 0 : done * kBarCells / total);
  return absl::StrCat("[", std::string(filled, '#'), std::string(kBarCells - filled, '.'), "]");
}

std::string TimeLeft(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  return absl::StrFormat("%d:%02d:%02d left", whole / 3600, whole / 60 % 60, whole % 60);
}

// "160 (80 NORMAL, 80 PNEUMONIA)"
std::string CountByClass(const Dataset& dataset, const std::vector<size_t>& films) {
  std::vector<size_t> counts(dataset.classes.size());
  for (const size_t film : films) ++counts[static_cast<size_t>(dataset.films[film].class_index)];
  std::vector<std::string> texts;
  for (size_t i = 0; i < counts.size(); ++i) {
    texts.push_back(absl::StrCat(counts[i], " ", dataset.classes[i]));
  }
  return absl::StrCat(films.size(), " (", absl::StrJoin(texts, ", "), ")");
}

// They may be meant; a network that learned from side views is still asked about frontal films.
void TellRefusedFilms(const Dataset& dataset) {
  const std::vector<RefusedFilms> refused = FindRefusedFilms(dataset);
  if (refused.empty()) return;
  absl::FPrintF(stderr, "notice: by their headers a node would not score these films:\n");
  for (const RefusedFilms& films : refused) {
    absl::FPrintF(stderr, "  %s: %d, the first is %s\n", films.code, films.films, films.first);
  }
}

// What was understood, for whoever reads it before the hours have passed.
absl::Status TellFilms(const Dataset& dataset, const v1::Recipe& recipe) {
  CAMNODE_ASSIGN_OR_RETURN(const FilmDivision division, DivideFilms(dataset, recipe));
  std::set<std::string> patients;
  for (const LabelledFilm& film : dataset.films) patients.insert(film.patient);
  absl::FPrintF(stderr, "%d films of %d patients: %s to train with, %s held out\n",
                dataset.films.size(), patients.size(), CountByClass(dataset, division.training),
                CountByClass(dataset, division.held_out));
  if (dataset.other_files > 0) {
    absl::FPrintF(stderr,
                  "%d other files in these folders are left out: the names of films end in .dcm, "
                  ".jpg, .jpeg or .png, or are in a CSV file\n",
                  dataset.other_files);
  }
  TellRefusedFilms(dataset);
  return absl::OkStatus();
}

// What would be found out only after hours: by camnode-lab calibrate, or when it is served.
void TellConsequences(const Dataset& dataset, const v1::Recipe& recipe) {
  const auto& manifest = recipe.manifest();
  const int served = manifest.preprocessing().input_size();
  const int last = recipe.stages(recipe.stages_size() - 1).image_size();
  if (last != served) {
    absl::FPrintF(stderr,
                  "note: the last stage trains on pictures of %d pixels, but the network is served "
                  "pictures of %d (manifest.preprocessing.input_size): it will be worse than its "
                  "curves; end with a stage of that size, or change input_size\n",
                  last, served);
  }
  if (manifest.has_age_range()) {
    absl::FPrintF(stderr,
                  "note: manifest.age_range is %d to %d years: results of other patients will say "
                  "that the network was not trained for their age\n",
                  manifest.age_range().min_years(), manifest.age_range().max_years());
  }
  const std::string positive = ClassOfLabel(recipe, manifest.reported_label());
  int positives = 0;
  for (const LabelledFilm& film : dataset.films) {
    positives += dataset.classes[static_cast<size_t>(film.class_index)] == positive ? 1 : 0;
  }
  const int negatives = static_cast<int>(dataset.films.size()) - positives;
  if (std::min(positives, negatives) < kMinShortcutFilms) {
    absl::FPrintF(stderr,
                  "note: %d films with the finding and %d without: camnode-lab calibrate needs %d "
                  "of each, and an uncalibrated network's probabilities mean nothing\n",
                  positives, negatives, kMinShortcutFilms);
  }
}

// A bar that is drawn again and again on a terminal; one line an epoch everywhere else.
class ProgressLine {
 public:
  void Show(const TrainingProgress& progress) {
    if (progress.phase == TrainingProgress::Phase::kEpochDone) return EpochDone(progress);
    if (!terminal_ || (!next_.Expired() && progress.done < progress.total)) return;
    next_ = Deadline(kRedrawEvery);
    absl::FPrintF(stderr, "\r\033[K%s", Text(progress));
    std::fflush(stderr);
  }

 private:
  static std::string Text(const TrainingProgress& p) {
    const std::string bar = Bar(p.done, p.total);
    switch (p.phase) {
      case TrainingProgress::Phase::kDecoding:
        return absl::StrFormat("decoding films %s %d of %d", bar, p.done, p.total);
      case TrainingProgress::Phase::kScoring:
        return absl::StrFormat("held-out films %s %d of %d", bar, p.done, p.total);
      default:
        return absl::StrFormat("epoch %d of %d %s %d px  loss %.4f  %.0f images/s  %s",
                               p.epoch.epoch, p.epochs, bar, p.epoch.image_size,
                               p.epoch.train_loss.value_or(0.0),
                               p.epoch.images_per_second.value_or(0.0), TimeLeft(p.seconds_left));
    }
  }

  void EpochDone(const TrainingProgress& p) {
    const CurvePoint& e = p.epoch;
    std::string held_out;
    if (e.held_out_loss.has_value() && e.held_out_accuracy.has_value()) {
      held_out = absl::StrFormat(
          "held-out loss %.4f accuracy %.4f AUC %s  ", *e.held_out_loss, *e.held_out_accuracy,
          e.held_out_auc.has_value() ? absl::StrFormat("%.4f", *e.held_out_auc) : "not defined");
    }
    absl::FPrintF(stderr,
                  "%sepoch %d of %d  %d px  train loss %.4f accuracy %.4f  %s%.1f images/s  %s\n",
                  terminal_ ? "\r\033[K" : "", e.epoch, p.epochs, e.image_size,
                  e.train_loss.value_or(0.0), e.train_accuracy.value_or(0.0), held_out,
                  e.images_per_second.value_or(0.0), TimeLeft(p.seconds_left));
  }

  bool terminal_ = isatty(STDERR_FILENO) == 1;
  Deadline next_{absl::ZeroDuration()};
};

// A step frees and takes the same few hundred MiB as the one before: giving them back to
// the system in between would cost a page fault for every 4 KiB.
void KeepFreedMemory() {
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_MMAP_THRESHOLD, std::numeric_limits<int>::max());
}

constexpr Option kOptions[] = {
    Option::Text("recipe", "FILE", "such as deploy/models/resnet18/recipe.textproto").Required(),
    Option::Text("data", "FOLDER|FILE.csv", "the films").Required(),
    Option::Text("output", "DIR", "of the run").Required(),
    Option::Text("fold", "NUMBER", "held out instead of the recipe's; none: train on every film"),
    Option::Text("seed", "NUMBER", "instead of the recipe's"),
    Option::Text("cache", "DIR", "where decoded films are kept; default: DIR/films of the run"),
    Option::Text("device", "DEVICE", "cpu, cuda or cuda:1").Default("cpu"),
    ThreadsOption(),
};

// Errors: kInvalidArgument (--fold or --seed), ParseRecipe's, ReadDataset's and Train's.
absl::Status Run(const Arguments& arguments) {
  TrainingOptions options;
  options.run_directory = arguments.Text("output");
  options.cache_directory =
      arguments.TextOr("cache", (fs::path(options.run_directory) / "films").string());
  options.device = arguments.Text("device");
  options.threads = ThreadsOf(arguments);
  KeepFreedMemory();
  options.program_version = kCamnodeVersion;
  ProgressLine line;
  options.progress = [&line](const TrainingProgress& progress) { line.Show(progress); };

  CAMNODE_ASSIGN_OR_RETURN(v1::Recipe recipe, ReadRecipe(arguments.Text("recipe")));
  CAMNODE_RETURN_IF_ERROR(ApplyOptions(arguments, recipe));
  CAMNODE_ASSIGN_OR_RETURN(const Dataset dataset,
                           ReadDataset(DatasetOptionsOf(recipe, arguments.Text("data"))));
  CAMNODE_RETURN_IF_ERROR(TellFilms(dataset, recipe));
  TellConsequences(dataset, recipe);
  CAMNODE_ASSIGN_OR_RETURN(const ModelFolder model, Train(recipe, dataset, ReadFilm, options));
  absl::PrintF("%s: %s (%s), weights %s\n", model.directory, model.manifest.name(),
               model.manifest.architecture(), model.manifest.weights_sha256());
  return absl::OkStatus();
}

}  // namespace

const LabCommand kTrain = {{"train",
                            R"(Trains a network by a recipe.

Its fields are explained in proto/camnode/training/v1/recipe.proto.  The films are in
FOLDER/SPLIT/CLASS, or in a CSV file with the columns path and class and, if need be,
split, patient, weight.  No patient is on both sides of a fold; who that is, the column
says, else the film's name by the recipe's patient_patterns, else the Patient ID in a
DICOM film's header.  DIR gets the recipe, curves.csv, a checkpoint every epoch, the
scores of the held-out films, and in the end DIR/model.  A run that was stopped goes on
when the same command is given again, and ends with the same weights.)",
                            {},
                            kOptions},
                           Run};

}  // namespace camnode
