// Trains one network by a recipe.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_TRAINER_H_
#define CAMNODE_CORE_TRAINING_TRAIN_TRAINER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "core/models/model_repository.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/curves.h"
#include "proto/camnode/training/v1/recipe.pb.h"

namespace camnode {

struct TrainingProgress {
  enum class Phase { kDecoding, kTraining, kEpochDone, kScoring };
  Phase phase = Phase::kTraining;
  // Of the phase: films decoded or scored, steps of the epoch made.
  int64_t done = 0;
  int64_t total = 0;
  int epochs = 0;    // In all.
  CurvePoint epoch;  // So far; complete in kEpochDone.
  // From now to the last step, as fast as in this stage; 0 while unknown.
  double seconds_left = 0.0;
};

struct TrainingOptions {
  // Made if need be.  A run in it is gone on with, from its newest checkpoint, if it is
  // of the same recipe and data; a finished one is left as it is.
  std::string run_directory;
  // Where decoded films are kept for the next run; empty: nowhere.
  std::string cache_directory;
  std::string device = "cpu";
  int threads = 0;  // 0: as many as there are cores.
  std::string program_version;
  // Called from the thread that called Train.
  std::function<void(const TrainingProgress&)> progress;
};

// Trains on the films of `dataset` outside the held-out fold.  In the run directory:
//   recipe.textproto        the recipe
//   run.textproto           what else the weights depend on (run.proto)
//   curves.csv              one line an epoch (curves.h)
//   checkpoint-*            the newest epoch (training_state.h)
//   run.lock                held while a process trains there
//   model/                  the finished network, as serving loads it
//   held_out.csv            the held-out films as model/ scores them (out_of_fold.h)
//
// On a CPU the weights are a function of recipe, data, threads and instruction set: a
// run that was killed at any moment and started again ends with the same bits.
//
// One film in every channel; the films' size is the stage's, made by Preprocess as in
// serving.  Averaged weights are kept; batch-norm statistics are averaged with them.
//
// Errors: kInvalidArgument (a class without films, fewer films than a batch; a column
// `weight` that is missing or no number), kFailedPrecondition (another recipe, other data
// or threads than the run in the directory; unknown architecture; the loss is not
// finite: says where), the disk's, the film reader's, kInternal (LibTorch threw).
absl::StatusOr<ModelFolder> Train(const camnode::training::v1::Recipe& recipe,
                                  const Dataset& dataset, const FilmReader& read_film,
                                  const TrainingOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_TRAINER_H_
