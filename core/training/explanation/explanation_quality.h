// Where do the networks look, and does it matter to them?  Five measurements over a
// sample of films that show the finding:
//
//   faithfulness   deletion and insertion along the map against maps that know nothing of
//                  the film (deletion_insertion.h)
//   randomisation  does the map depend on the weights? (weight_randomisation.h)
//   lungs          share of the map's mass and peaks within the lungs (lung_region.h)
//   stability      under small changes of the film (map_stability.h)
//   agreement      of the models with each other (core/inference/maps/agreement.h)
//
// None of them says that a map is right: they say that it is about the network, the film
// and the lungs.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_QUALITY_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_QUALITY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/inference/maps/cam_method.h"
#include "core/models/agreement_null.h"
#include "core/models/model_repository.h"
#include "core/training/explanation/deletion_insertion.h"
#include "core/training/explanation/explained_model.h"
#include "core/training/explanation/explanation_result.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

struct ExplanationOptions {
  int films = 100;
  uint64_t seed = 1;
  // Of deletion and insertion; their passes are most of the time.
  DeletionInsertionOptions curves;
  // Besides the served map, on the first `variant_films` of the sample.  Score-CAM takes as
  // many passes as the last layer has channels.
  std::vector<CamMethod> variants = {CamMethod::kGradCamPlusPlus, CamMethod::kHiResCam,
                                     CamMethod::kXGradCam, CamMethod::kLayerCam};
  int variant_films = 24;
  int randomisation_films = 8;
  int randomisation_draws = 8;
  // What is being done, and how much of it: for a person who waits.  May be empty.
  std::function<void(const std::string& what, int done, int of)> progress;
};

// `candidates`: labelled with the finding.  In an order drawn by the seed, the first film
// of each patient is looked at, until `films` are found that every model finds positive:
// maps of those are what a reader is shown.  `null` may be nullptr.
//
// Deterministic for given models, candidates, options, threads and instruction set.
//
// Errors: kInvalidArgument (no models, or options out of range), kFailedPrecondition
// (fewer than kMinExplainedFilms films that every model finds positive: says how many each
// did), and those of the models and of the first film that cannot be read (names it).
constexpr int kMinExplainedFilms = 4;
absl::StatusOr<ExplanationQuality> MeasureExplanations(const std::vector<ExplainedModel*>& models,
                                                       const std::vector<LabelledFilm>& candidates,
                                                       const FilmReader& read_film,
                                                       const AgreementNull* null,
                                                       const ExplanationOptions& options);

// The same for model folders, loaded here, with their null where there is one.
absl::StatusOr<ExplanationQuality> MeasureExplanations(const std::vector<ModelFolder>& models,
                                                       const std::vector<LabelledFilm>& candidates,
                                                       const FilmReader& read_film,
                                                       const ExplanationOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_EXPLANATION_QUALITY_H_
