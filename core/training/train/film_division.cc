#include "core/training/train/film_division.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/training/films/folds.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/training_seed.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

absl::StatusOr<std::vector<double>> WeightsOf(const Dataset& dataset,
                                              const std::vector<size_t>& films) {
  std::vector<double> weights;
  for (const size_t position : films) {
    const LabelledFilm& film = dataset.films[position];
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

// A column or a pattern may tear apart whom the headers know to be one.
absl::Status CheckTornPatients(const Dataset& dataset) {
  std::unordered_map<std::string, const LabelledFilm*> first_of_header;
  for (const LabelledFilm& film : dataset.films) {
    if (film.header_patient.empty()) continue;
    const LabelledFilm& first = *first_of_header.emplace(film.header_patient, &film).first->second;
    if (first.patient == film.patient) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        WhereIs(first), " and ", WhereIs(film),
        " have the same Patient ID in their DICOM headers, but are given as films of two "
        "patients, who may be on both sides of a fold: give them one patient or, if the ID "
        "names nobody, empty it in the headers"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FilmDivision> DivideFilms(const Dataset& dataset, const v1::Recipe& recipe) {
  std::vector<int> folds(dataset.films.size(), -1);
  if (recipe.folds() > 0) {
    CAMNODE_RETURN_IF_ERROR(CheckTornPatients(dataset));
    CAMNODE_ASSIGN_OR_RETURN(
        folds, AssignFolds(dataset, recipe.folds(), TrainingSeed(recipe, SeedPurpose::kFolds)));
  }
  FilmDivision division;
  for (size_t i = 0; i < folds.size(); ++i) {
    division.classes.push_back(dataset.films[i].class_index);
    if (recipe.folds() > 0 && folds[i] == recipe.held_out_fold()) {
      division.held_out.push_back(i);
    } else {
      division.training.push_back(i);
      division.training_classes.push_back(dataset.films[i].class_index);
    }
  }
  if (recipe.sampling() == v1::SAMPLING_WEIGHTED) {
    CAMNODE_ASSIGN_OR_RETURN(division.training_weights, WeightsOf(dataset, division.training));
  }
  return division;
}

}  // namespace camnode
