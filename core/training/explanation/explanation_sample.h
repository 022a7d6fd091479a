// Which films explanations are measured on.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_SAMPLE_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_SAMPLE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/training/explanation/explained_model.h"
#include "core/training/explanation/lung_region.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

struct SampledFilm {
  LabelledFilm film;
  LungRegion lungs;
  // By model, in their order.
  std::vector<ClassifierInput> inputs;
  std::vector<ModelResult> results;
};

struct ExplanationSample {
  std::vector<SampledFilm> films;
  int looked_at = 0;
};

// One film of each patient, in an order drawn by the seed: the same for the same names and
// seed, in whatever order the candidates come.
std::vector<LabelledFilm> OneFilmAPatient(std::vector<LabelledFilm> candidates, uint64_t seed);

// The first `count` of `order` that every model finds positive; fewer if there are not so
// many.  Holds their inputs, not their pixels.
// Errors: those of the models, and of the first film that cannot be read (names it).
absl::StatusOr<ExplanationSample> TakeSample(const std::vector<ExplainedModel*>& models,
                                             const std::vector<LabelledFilm>& order,
                                             const FilmReader& read_film, size_t count,
                                             const std::function<void(int done, int of)>& progress);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_SAMPLE_H_
