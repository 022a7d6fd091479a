// What chance gives: how alike maps of different films are.  For agreement.h.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_AGREEMENT_NULL_MAKER_H_
#define CAMNODE_CORE_INFERENCE_MAPS_AGREEMENT_NULL_MAKER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/models/agreement_null.h"
#include "core/models/model_repository.h"

namespace camnode {

constexpr size_t kMaxAgreementModels = 6;  // 57 subsets.
constexpr size_t kMinAgreementFilms = 20;

struct AgreementNullOptions {
  int draws = 10'000;  // For each subset of the models.
  uint64_t seed = 1;
};

// films[f][m]: what model m said of film f, the models in the order of `models`.  Of each
// model the maps of films that it found positive are used: those are the maps a reader
// compares, and maps of negative films are more diffuse.  A draw takes for each model of a
// subset a map, no two of the same film.
//
// Deterministic for given films and options; thread-safe.  Borrows its arguments.
//
// Errors: kInvalidArgument (fewer than 2 or more than kMaxAgreementModels models; a film
// without a result of each; draws below 1), kFailedPrecondition (a model found fewer than
// kMinAgreementFilms films positive: names it).
absl::StatusOr<AgreementNull> MakeAgreementNull(const std::vector<ModelFolder>& models,
                                                const std::vector<std::vector<ModelResult>>& films,
                                                const AgreementNullOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_AGREEMENT_NULL_MAKER_H_
