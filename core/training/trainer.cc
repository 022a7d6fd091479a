#include "core/training/trainer.h"

#include <ATen/autocast_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>
#include <opencv2/core/utility.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/inference/classifier.h"
#include "core/inference/device.h"
#include "core/inference/engine/compiled_network.h"
#include "core/inference/model_folder_writer.h"
#include "core/inference/ranked_scores.h"
#include "core/training/augmentation.h"
#include "core/training/averaged_network.h"
#include "core/training/batch_loader.h"
#include "core/training/film_scores.h"
#include "core/training/film_store.h"
#include "core/training/learning_rate.h"
#include "core/training/loss.h"
#include "core/training/optimizer.h"
#include "core/training/out_of_fold.h"
#include "core/training/random_generator.h"
#include "core/training/recipe.h"
#include "core/training/run_folder.h"
#include "core/training/sampler.h"
#include "core/training/training_state.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;
using Clock = std::chrono::steady_clock;

constexpr int64_t kHeldOutBatch = 64;
constexpr int kScoringBatch = 8;

// What each seed is drawn for.
enum Purpose : uint64_t { kWeights = 1, kFolds, kOrder, kFilm, kStep };

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Operators in bfloat16 where LibTorch's autocast lists them, until the end of the scope.
class Autocast {
 public:
  Autocast(const torch::Device& device, bool enabled) : type_(device.type()) {
    at::autocast::set_autocast_enabled(type_, enabled);
    at::autocast::set_autocast_dtype(type_, torch::kBFloat16);
  }
  ~Autocast() {
    at::autocast::set_autocast_enabled(type_, false);
    // Holds the weights of this step in bfloat16.
    at::autocast::clear_cache();
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  torch::DeviceType type_;
};

// Which films are for what.
struct Division {
  std::vector<size_t> training;  // Indices into Dataset::films.
  std::vector<size_t> held_out;
};

absl::StatusOr<Division> Divide(const Dataset& dataset, const v1::Recipe& recipe) {
  Division division;
  std::vector<int> folds(dataset.films.size(), -1);
  if (recipe.folds() > 0) {
    CAMNODE_ASSIGN_OR_RETURN(
        folds, AssignFolds(dataset, recipe.folds(), MixSeeds({recipe.seed(), kFolds})));
  }
  for (size_t i = 0; i < folds.size(); ++i) {
    const bool held_out = recipe.folds() > 0 && folds[i] == recipe.held_out_fold();
    (held_out ? division.held_out : division.training).push_back(i);
  }
  return division;
}

std::vector<int> ClassesOf(const Dataset& dataset) {
  std::vector<int> classes;
  for (const LabelledFilm& film : dataset.films) classes.push_back(film.class_index);
  return classes;
}

absl::StatusOr<std::vector<double>> WeightsOf(const Dataset& dataset,
                                              const std::vector<size_t>& indices) {
  std::vector<double> weights;
  for (const size_t index : indices) {
    const LabelledFilm& film = dataset.films[index];
    const auto column = film.columns.find("weight");
    double weight = 0.0;
    if (column == film.columns.end() || !absl::SimpleAtod(column->second, &weight) ||
        !(weight >= 0.0) || !std::isfinite(weight)) {
      return absl::InvalidArgumentError(absl::StrCat(
          film.name, ": SAMPLING_WEIGHTED needs a column \"weight\" with a number from 0"));
    }
    weights.push_back(weight);
  }
  if (!weights.empty() && *std::max_element(weights.begin(), weights.end()) == 0.0) {
    return absl::InvalidArgumentError("column \"weight\": a weight above 0 is needed");
  }
  return weights;
}

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

// One training, from its first step or its newest checkpoint to the last epoch.
class Training {
 public:
  Training(const v1::Recipe& recipe, const Dataset& dataset, const FilmReader& read_film,
           const TrainingOptions& options, RunFolder folder, Division division,
           torch::Device device, AveragedNetwork network)
      : recipe_(recipe),
        dataset_(dataset),
        read_film_(read_film),
        options_(options),
        folder_(std::move(folder)),
        division_(std::move(division)),
        device_(device),
        network_(std::move(network)),
        optimizer_(recipe, network_.trained()),
        classes_(ClassesOf(dataset)) {
    for (const v1::Stage& stage : recipe.stages()) epochs_ += stage.epochs();
  }

  absl::StatusOr<ModelFolder> Run() {
    CAMNODE_RETURN_IF_ERROR(PrepareSampling());
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
  absl::Status PrepareSampling() {
    for (const size_t index : division_.training) {
      training_classes_.push_back(dataset_.films[index].class_index);
    }
    if (recipe_.sampling() != v1::SAMPLING_WEIGHTED) return absl::OkStatus();
    CAMNODE_ASSIGN_OR_RETURN(weights_, WeightsOf(dataset_, division_.training));
    return absl::OkStatus();
  }

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

  int64_t StepsPerEpoch(const v1::Stage& stage) const {
    return static_cast<int64_t>(division_.training.size()) / stage.batch_size();
  }

  absl::Status RunStage(int number, int first_epoch) {
    const v1::Stage& stage = recipe_.stages(number);
    if (StepsPerEpoch(stage) == 0) {
      return absl::InvalidArgumentError(absl::StrCat("stage ", number + 1, ": a batch of ",
                                                     stage.batch_size(), " films, but only ",
                                                     division_.training.size(), " are there"));
    }
    CAMNODE_ASSIGN_OR_RETURN(const FilmStore films, OpenFilms(stage.image_size()));
    for (int e = epochs_done_ - first_epoch; e < stage.epochs(); ++e) {
      CurvePoint curve;
      curve.epoch = first_epoch + e + 1;
      curve.stage = number + 1;
      curve.image_size = stage.image_size();
      CAMNODE_RETURN_IF_ERROR(RunEpoch(stage, e, films, curve));
      MeasureHeldOut(films, curve);
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
    const auto epoch = static_cast<uint64_t>(curve.epoch);
    std::vector<size_t> order = EpochOrder(training_classes_, weights_, recipe_.sampling(),
                                           MixSeeds({recipe_.seed(), kOrder, epoch}));
    for (size_t& film : order) film = division_.training[film];
    const auto augmented = [&](size_t film, size_t position) {
      return Augment(films.Film(film), recipe_.augmentation(),
                     MixSeeds({recipe_.seed(), kFilm, epoch, position}));
    };
    BatchLoader loader(order, classes_, augmented, stage.batch_size(), /*keep_remainder=*/false);
    const int64_t steps = loader.batches();
    EpochMeans means;
    const Clock::time_point start = Clock::now();
    for (int64_t step = 0; step < steps; ++step) {
      const int64_t stage_step = stage_epoch * steps + step;
      curve.learning_rate = LearningRate(stage, steps, stage_step);
      torch::manual_seed(MixSeeds({recipe_.seed(), kStep, epoch, static_cast<uint64_t>(step)}));
      CAMNODE_RETURN_IF_ERROR(RunStep(loader.Next(), step, means, curve));
      network_.Average(recipe_.average_decay(), stage_step);
      curve.images_per_second =
          static_cast<double>((step + 1) * stage.batch_size()) / SecondsSince(start);
      Report(TrainingProgress::Phase::kTraining, step + 1, steps, curve);
    }
    return absl::OkStatus();
  }

  torch::Tensor Scores(Network& network, const torch::Tensor& gray) {
    const torch::Tensor images =
        NetworkImages(gray.to(device_), recipe_.manifest().preprocessing());
    const Autocast autocast(device_, recipe_.precision() == camnode::model::v1::BFLOAT16);
    return network.Head(network.Features(images)).to(torch::kFloat32);
  }

  absl::Status RunStep(const Batch& batch, int64_t step, EpochMeans& means, CurvePoint& curve) {
    const torch::Tensor classes = batch.classes.to(device_);
    const torch::Tensor scores = Scores(network_.trained(), batch.gray);
    const torch::Tensor loss = TrainingLoss(recipe_, scores, classes);
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the loss is not finite at epoch ", curve.epoch, ", step ", step + 1,
                       ": lower learning_rate, or set max_gradient_norm"));
    }
    loss.backward();
    optimizer_.Step(*curve.learning_rate);
    means.Add(value, Accuracy(ReportedLogits(recipe_, scores), classes));
    curve.train_loss = means.loss;
    curve.train_accuracy = means.accuracy;
    return absl::OkStatus();
  }

  double Accuracy(const torch::Tensor& logits, const torch::Tensor& classes) const {
    const torch::Tensor right = logits.gt(0).eq(classes.eq(ReportedClass(recipe_)));
    return right.to(torch::kFloat32).mean().item<double>();
  }

  // The averaged weights on the held-out films, at the stage's size.
  void MeasureHeldOut(const FilmStore& films, CurvePoint& curve) {
    if (division_.held_out.empty()) return;
    const torch::NoGradGuard no_grad;
    const auto plain = [&films](size_t film, size_t) { return films.Film(film); };
    BatchLoader loader(division_.held_out, classes_, plain, kHeldOutBatch,
                       /*keep_remainder=*/true);
    std::vector<torch::Tensor> scores;
    std::vector<torch::Tensor> classes;
    for (int64_t i = 0; i < loader.batches(); ++i) {
      const Batch batch = loader.Next();
      scores.push_back(Scores(network_.averaged(), batch.gray));
      classes.push_back(batch.classes.to(device_));
    }
    const torch::Tensor all_scores = torch::cat(scores);
    const torch::Tensor all_classes = torch::cat(classes);
    const torch::Tensor logits = ReportedLogits(recipe_, all_scores).to(torch::kFloat64).cpu();
    curve.held_out_loss = TrainingLoss(recipe_, all_scores, all_classes).item<double>();
    curve.held_out_accuracy = Accuracy(logits, all_classes.cpu());
    std::vector<double> positives;
    std::vector<double> negatives;
    for (size_t i = 0; i < division_.held_out.size(); ++i) {
      const bool positive = classes_[division_.held_out[i]] == ReportedClass(recipe_);
      (positive ? positives : negatives).push_back(logits[static_cast<int64_t>(i)].item<double>());
    }
    curve.held_out_auc = AreaUnderRoc(positives, negatives);
  }

  absl::StatusOr<ModelFolder> Finish() {
    const std::string path = folder_.model_path();
    absl::StatusOr<ModelFolder> model = LoadModelFolder(path, WeightsCheck::kVerifyDigest);
    if (!model.ok()) {
      // Weights without a manifest: killed between the two.
      std::error_code error;
      std::filesystem::remove_all(path, error);
      network_.averaged().to(torch::kCPU);
      CAMNODE_ASSIGN_OR_RETURN(model,
                               WriteModelFolder(network_.averaged(), DraftManifest(recipe_), path));
    }
    if (division_.held_out.empty()) return model;
    CAMNODE_RETURN_IF_ERROR(ScoreHeldOut(*model));
    return model;
  }

  // The held-out films as serving scores them.
  absl::Status ScoreHeldOut(const ModelFolder& model) {
    Dataset held_out;
    held_out.classes = dataset_.classes;
    for (const size_t index : division_.held_out) held_out.films.push_back(dataset_.films[index]);
    const auto report = [this](size_t done, size_t total) {
      Report(TrainingProgress::Phase::kScoring, static_cast<int64_t>(done),
             static_cast<int64_t>(total), CurvePoint());
    };
    CAMNODE_ASSIGN_OR_RETURN(
        const FilmScores scores,
        ScoreFilms({model}, held_out, ReportedClass(recipe_), read_film_, kScoringBatch, report));
    if (!scores.unreadable.empty()) {
      return absl::DataLossError(
          absl::StrCat(scores.unreadable[0].name, ": ", scores.unreadable[0].reason));
    }
    std::vector<ScoredFilm> films;
    std::vector<std::string> classes;
    for (const EvaluatedFilm& film : scores.films) {
      ScoredFilm& scored = films.emplace_back();
      scored.name = film.name;
      scored.patient = film.patient;
      scored.fold = recipe_.held_out_fold();
      scored.positive = film.positive;
      scored.logit = film.results[0].finding.log_odds;
      scored.probability = film.results[0].finding.probability;
    }
    for (const LabelledFilm& film : held_out.films) {
      classes.push_back(held_out.classes[static_cast<size_t>(film.class_index)]);
    }
    return folder_.WriteHeldOut(FormatOutOfFold(films, classes));
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
  Division division_;
  torch::Device device_;
  AveragedNetwork network_;
  TrainingOptimizer optimizer_;
  std::vector<int> classes_;           // Of every film of the data set.
  std::vector<int> training_classes_;  // Of the films trained on.
  std::vector<double> weights_;        // Theirs, under SAMPLING_WEIGHTED.
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
  CAMNODE_ASSIGN_OR_RETURN(Division division, Divide(dataset, recipe));
  CAMNODE_ASSIGN_OR_RETURN(
      AveragedNetwork network,
      AveragedNetwork::Make(recipe.manifest().architecture(), OutputCount(recipe),
                            MixSeeds({recipe.seed(), kWeights}), device));
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
