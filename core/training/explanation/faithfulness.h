// Deletion and insertion over a sample of films: the served map and its variants against
// maps that know nothing of the film.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_FAITHFULNESS_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_FAITHFULNESS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/cam_method.h"
#include "core/training/explanation/deletion_insertion.h"
#include "core/training/explanation/explained_model.h"
#include "core/training/explanation/explanation_result.h"

namespace camnode {

struct FaithfulnessOptions {
  DeletionInsertionOptions curves;
  uint64_t seed = 1;
  std::vector<CamMethod> variants;
  size_t variant_films = 24;  // The first ones.
};

// Scores of one film.
struct FilmFaithfulness {
  double deleted_logit = 0.0;
  bool at_scale_floor = false;
  double served = 0.0;
  double random = 0.0;
  double centre = 0.0;
  double mean_of_others = 0.0;
};

struct Faithfulness {
  // Served, "random", "centre", "mean_of_others", then the variants.
  std::vector<MapFaithfulness> maps;
  std::vector<FilmFaithfulness> films;
};

// Variants are the positive part of their maps, as served ones are.  A variant whose map
// is the served one up to a factor is not run again.  `results`: of the inputs, with their
// served maps.  REQUIRES: two inputs or more, each of another patient.
// Errors: those of the model.
absl::StatusOr<Faithfulness> MeasureFaithfulness(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs,
    const std::vector<ModelResult>& results, const FaithfulnessOptions& options,
    const std::function<void(int done, int of)>& progress = nullptr);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_FAITHFULNESS_H_
