// How well a network does on the films it is not trained on: after each epoch, and in the
// end.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_HELD_OUT_FILMS_H_
#define CAMNODE_CORE_TRAINING_TRAIN_HELD_OUT_FILMS_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/inference/networks/network.h"
#include "core/models/model_repository.h"
#include "core/training/figures/film_scores.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/film_store.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/curves.h"
#include "core/training/train/film_division.h"
#include "proto/camnode/training/v1/recipe.pb.h"
#include "torch/torch.h"

namespace camnode {

// Fills the held-out fields of `curve` with the figures of `network`, in evaluation mode, on
// the division's held-out films as they are; nothing if there are none.
// Throws what LibTorch throws.
void MeasureHeldOut(const camnode::training::v1::Recipe& recipe, const torch::Device& device,
                    Network& network, const FilmStore& films, const FilmDivision& division,
                    CurvePoint& curve);

// held_out.csv: the held-out films as serving scores them with the finished model.
// Errors: ScoreFilms's; kDataLoss (a film that could be read when training began cannot:
// names it).
absl::StatusOr<std::string> ScoreHeldOut(const camnode::training::v1::Recipe& recipe,
                                         const ModelFolder& model, const Dataset& dataset,
                                         const FilmDivision& division, const FilmReader& read_film,
                                         const FilmProgress& progress);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_HELD_OUT_FILMS_H_
