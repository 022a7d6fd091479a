#include "core/training/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <opencv2/core/utility.hpp>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/inference/checkpoint/model_folder_writer.h"
#include "core/inference/classifier.h"
#include "core/inference/device/device.h"
#include "core/inference/device/precision.h"
#include "core/inference/networks/network.h"
#include "core/training/films/dataset.h"
#include "core/training/films/film_store.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/augmentation.h"
#include "core/training/train/averaged_network.h"
#include "core/training/train/batch_loader.h"
#include "core/training/train/batch_scores.h"
#include "core/training/train/film_division.h"
#include "core/training/train/held_out_films.h"
#include "core/training/train/learning_rate.h"
#include "core/training/train/loss.h"
#include "core/training/train/optimizer.h"
#include "core/training/train/recipe.h"
#include "core/training/train/run_folder.h"
#include "core/training/train/sampler.h"
#include "core/training/train/training_seed.h"
#include "core/training/train/training_state.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

// Over the batches of an epoch so far.
struct EpochMeans {
  double loss = 0.0;
  double accuracy = 0.0;
  int64_t batches = 0;

  void Add(double batch_loss, double batch_accuracy) {
    const double share = 1.0 / static_cast<double>(++batches);
    loss += (batch_loss - loss) * share;
    accuracy += (batch_accuracy - accuracy) * share;
  }
};

// All of it before the first stage begins: nobody finds out after hours.
absl::Status CheckFilms(const v1::Recipe& recipe, const Dataset& dataset,
                        const FilmDivision& division) {
  const std::set<int> classes(division.training_classes.begin(), division.training_classes.end());
  for (size_t c = 0; c < dataset.classes.size(); ++c) {
    if (classes.count(static_cast<int>(c)) > 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("no film of class '", dataset.classes[c],
                     "' is left to train with: all are of patients in "
                     "the held-out fold ",
                     recipe.held_out_fold(), "; hold out another, or add patients"));
  }
  for (int s = 0; s < recipe.stages_size(); ++s) {
    const int batch = recipe.stages(s).batch_size();
    if (static_cast<size_t>(batch) <= division.training.size()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "stages[", s, "].batch_size is ", batch, ", but there are only ", division.training.size(),
        " films to train with (", division.held_out.size(), " are held out): make it smaller"));
  }
  return absl::OkStatus();
}

// One training, from its first step or its newest checkpoint to the last epoch.
class Training {
 public:
  Training(const v1::Recipe& recipe, const Dataset& dataset, const FilmReader& read_film,
           const TrainingOptions& options, RunFolder folder, FilmDivision division,
           torch::Device device, AveragedNetwork network)
      : recipe_(recipe),
        dataset_(dataset),
        read_film_(read_film),
        options_(options),
        folder_(std::move(folder)),
        division_(std::move(division)),
        device_(device),
        network_(std::move(network)),
        optimizer_(recipe, network_.trained()) {
    for (const v1::Stage& stage : recipe.stages()) epochs_ += stage.epochs();
  }

  absl::StatusOr<ModelFolder> Run() {
    CAMNODE_RETURN_IF_ERROR(Resume());
    int first_epoch = 0;
    for (int s = 0; s < recipe_.stages_size(); ++s) {
      if (epochs_done_ < first_epoch + recipe_.stages(s).epochs()) {
        CAMNODE_RETURN_IF_ERROR(RunStage(s, first_epoch));
      }
      first_epoch += recipe_.stages(s).epochs();
    }
    return Finish();
  }

 private:
  NamedTensors State() const {
    NamedTensors state = network_.State();
    for (const auto& [name, tensor] : optimizer_.State()) {
      state[absl::StrCat("optimizer.", name)] = tensor;
    }
    return state;
  }

  absl::Status Resume() {
    CAMNODE_ASSIGN_OR_RETURN(const Checkpoint checkpoint, ReadNewestCheckpoint(folder_.path()));
    epochs_done_ = checkpoint.epochs_done;
    CAMNODE_ASSIGN_OR_RETURN(curves_, folder_.ReadCurves(epochs_done_));
    if (epochs_done_ == 0) return absl::OkStatus();
    return RestoreTensors(checkpoint.tensors, State());
  }

  absl::Status RunStage(int number, int first_epoch) {
    const v1::Stage& stage = recipe_.stages(number);
    CAMNODE_ASSIGN_OR_RETURN(const FilmStore films, OpenFilms(stage.image_size()));
    for (int e = epochs_done_ - first_epoch; e < stage.epochs(); ++e) {
      CurvePoint curve;
      curve.epoch = first_epoch + e + 1;
      curve.stage = number + 1;
      curve.image_size = stage.image_size();
      CAMNODE_RETURN_IF_ERROR(RunEpoch(stage, e, films, curve));
      MeasureHeldOut(recipe_, device_, network_.averaged(), films, division_, curve);
      curves_.push_back(curve);
      epochs_done_ = curve.epoch;
      CAMNODE_RETURN_IF_ERROR(folder_.WriteCurves(curves_));
      CAMNODE_RETURN_IF_ERROR(WriteCheckpoint(folder_.path(), epochs_done_, State()));
      Report(TrainingProgress::Phase::kEpochDone, 1, 1, curve);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<FilmStore> OpenFilms(int side) {
    camnode::model::v1::Preprocessing preprocessing = recipe_.manifest().preprocessing();
    preprocessing.set_input_size(side);
    FilmStoreOptions store;
    store.cache_directory = options_.cache_directory;
    store.threads = torch::get_num_threads();
    return FilmStore::Open(dataset_, preprocessing, read_film_, store,
                           [this](size_t done, size_t total) {
                             Report(TrainingProgress::Phase::kDecoding, static_cast<int64_t>(done),
                                    static_cast<int64_t>(total), CurvePoint());
                           });
  }

  absl::Status RunEpoch(const v1::Stage& stage, int stage_epoch, const FilmStore& films,
                        CurvePoint& curve) {
    std::vector<size_t> order =
        EpochOrder(division_.training_classes, division_.training_weights, recipe_.sampling(),
                   TrainingSeed(recipe_, SeedPurpose::kOrder, curve.epoch));
    for (size_t& film : order) film = division_.training[film];
    const auto augmented = [&](size_t film, size_t position) {
      return Augment(films.Film(film), recipe_.augmentation(),
                     TrainingSeed(recipe_, SeedPurpose::kFilm, curve.epoch, position));
    };
    BatchLoader loader(order, division_.classes, augmented, stage.batch_size(),
                       /*keep_remainder=*/false);
    const int64_t steps = loader.batches();
    EpochMeans means;
    const Stopwatch stopwatch;
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t stage_step = stage_epoch * steps + step;
      curve.learning_rate = LearningRate(stage, steps, stage_step);
      torch::manual_seed(TrainingSeed(recipe_, SeedPurpose::kStep, curve.epoch, step));
      CAMNODE_RETURN_IF_ERROR(RunStep(loader.Next(), step, means, curve));
      network_.Average(recipe_.average_decay(), stage_step);
      curve.images_per_second = static_cast<double>((step + 1) * stage.batch_size()) /
                                absl::ToDoubleSeconds(stopwatch.Elapsed());
      Report(TrainingProgress::Phase::kTraining, step + 1, steps, curve);
    }
    return absl::OkStatus();
  }

  absl::Status RunStep(const Batch& batch, int64_t step, EpochMeans& means, CurvePoint& curve) {
    const torch::Tensor classes = batch.classes.to(device_);
    const torch::Tensor scores = BatchScores(recipe_, device_, network_.trained(), batch.gray);
    const torch::Tensor loss = TrainingLoss(recipe_, scores, classes);
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the loss is not finite at epoch ", curve.epoch, ", step ", step + 1,
                       ": lower learning_rate, or set max_gradient_norm"));
    }
    loss.backward();
    optimizer_.Step(*curve.learning_rate);
    means.Add(value, Accuracy(recipe_, ReportedLogits(recipe_, scores), classes));
    curve.train_loss = means.loss;
    curve.train_accuracy = means.accuracy;
    return absl::OkStatus();
  }

  absl::StatusOr<ModelFolder> Finish() {
    const std::string path = folder_.model_path();
    absl::StatusOr<ModelFolder> model = LoadModelFolder(path, WeightsCheck::kVerifyDigest);
    if (!model.ok()) {
      // Weights without a manifest: killed between the two.
      std::error_code error;
      std::filesystem::remove_all(path, error);
      network_.averaged().to(torch::kCPU);
      camnode::model::v1::ModelManifest draft = DraftManifest(recipe_);
      draft.set_training_data_digest(dataset_.digest);
      CAMNODE_ASSIGN_OR_RETURN(model, WriteModelFolder(network_.averaged(), draft, path));
    }
    if (division_.held_out.empty()) return model;
    const auto report = [this](size_t done, size_t total) {
      Report(TrainingProgress::Phase::kScoring, static_cast<int64_t>(done),
             static_cast<int64_t>(total), CurvePoint());
    };
    CAMNODE_ASSIGN_OR_RETURN(const std::string scores, ScoreHeldOut(recipe_, *model, dataset_,
                                                                    division_, read_film_, report));
    CAMNODE_RETURN_IF_ERROR(folder_.WriteHeldOut(scores));
    return model;
  }

  // From the speed of this stage; the time of a film grows with its area.
  double SecondsLeft(const TrainingProgress& progress) const {
    const double speed = progress.epoch.images_per_second.value_or(0.0);
    if (speed <= 0.0) return 0.0;
    const double side = progress.epoch.image_size;
    double films = 0.0;
    int last_epoch = 0;
    for (const v1::Stage& stage : recipe_.stages()) {
      last_epoch += stage.epochs();
      const double epochs =
          std::min(stage.epochs(), std::max(0, last_epoch - progress.epoch.epoch));
      const double area = stage.image_size() * stage.image_size() / (side * side);
      films += epochs * static_cast<double>(division_.training.size()) * area;
    }
    films += static_cast<double>(division_.training.size()) *
             static_cast<double>(progress.total - progress.done) /
             static_cast<double>(std::max<int64_t>(1, progress.total));
    return films / speed;
  }

  void Report(TrainingProgress::Phase phase, int64_t done, int64_t total,
              const CurvePoint& epoch) const {
    if (!options_.progress) return;
    TrainingProgress progress;
    progress.phase = phase;
    progress.done = done;
    progress.total = total;
    progress.epochs = epochs_;
    progress.epoch = epoch;
    progress.seconds_left = SecondsLeft(progress);
    options_.progress(progress);
  }

  const v1::Recipe& recipe_;
  const Dataset& dataset_;
  const FilmReader& read_film_;
  const TrainingOptions& options_;
  RunFolder folder_;
  FilmDivision division_;
  torch::Device device_;
  AveragedNetwork network_;
  TrainingOptimizer optimizer_;
  int epochs_ = 0;
  int epochs_done_ = 0;
  std::vector<CurvePoint> curves_;
};

absl::StatusOr<ModelFolder> TrainUnguarded(const v1::Recipe& recipe, const Dataset& dataset,
                                           const FilmReader& read_film,
                                           const TrainingOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckRecipe(recipe));
  const int threads =
      options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  torch::set_num_threads(threads);
  // Films are small, and its threads would fight with LibTorch's.
  cv::setNumThreads(1);
  CAMNODE_ASSIGN_OR_RETURN(const torch::Device device, OpenDevice(options.device));
  CAMNODE_ASSIGN_OR_RETURN(FilmDivision division, DivideFilms(dataset, recipe));
  CAMNODE_RETURN_IF_ERROR(CheckFilms(recipe, dataset, division));
  CAMNODE_ASSIGN_OR_RETURN(
      AveragedNetwork network,
      AveragedNetwork::Make(recipe.manifest().architecture(), OutputCount(recipe),
                            TrainingSeed(recipe, SeedPurpose::kWeights), device));
  v1::TrainingRun run;
  run.set_data_digest(dataset.digest);
  run.set_training_films(static_cast<int>(division.training.size()));
  run.set_held_out_films(static_cast<int>(division.held_out.size()));
  run.set_program_version(options.program_version);
  run.set_libtorch_version(LibTorchVersion());
  run.set_device(options.device);
  run.set_threads(threads);
  run.set_instruction_set(InstructionSet());
  CAMNODE_ASSIGN_OR_RETURN(RunFolder folder,
                           RunFolder::Open(options.run_directory, recipe, std::move(run)));
  return Training(recipe, dataset, read_film, options, std::move(folder), std::move(division),
                  device, std::move(network))
      .Run();
}

}  // namespace

absl::StatusOr<ModelFolder> Train(const v1::Recipe& recipe, const Dataset& dataset,
                                  const FilmReader& read_film, const TrainingOptions& options) {
  try {
    return TrainUnguarded(recipe, dataset, read_film, options);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

}  // namespace camnode
