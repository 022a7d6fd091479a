#include "core/inference/maps/agreement_null_maker.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/inference/maps/map_comparison.h"
#include "core/models/model_repository.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

struct FilmMap {
  size_t film = 0;
  MapEvidence evidence;
};

// pools[m]: the maps of model m.
using Pools = std::vector<std::vector<FilmMap>>;

Pools CollectPools(size_t models, const std::vector<std::vector<ModelResult>>& films) {
  cv::Size grid;
  for (const std::vector<ModelResult>& results : films) {
    const cv::Size own = FinestGrid(results);
    if (own.area() > grid.area()) grid = own;
  }
  Pools pools(models);
  for (size_t film = 0; film < films.size(); ++film) {
    for (size_t model = 0; model < models; ++model) {
      const ModelResult& result = films[film][model];
      if (!result.finding.positive) continue;
      absl::optional<MapEvidence> evidence = EvidenceOf(result, grid);
      if (evidence.has_value()) pools[model].push_back({film, *std::move(evidence)});
    }
  }
  return pools;
}

// The standard's distributions differ between libraries; this does not.
size_t Draw(std::mt19937_64& random, size_t count) { return static_cast<size_t>(random() % count); }

// A map of each model, no two of one film.  Comes to an end: every pool holds more films
// (kMinAgreementFilms) than there are models.
std::vector<const MapEvidence*> DrawOfDifferentFilms(const Pools& pools,
                                                     const std::vector<int>& models,
                                                     std::mt19937_64& random) {
  std::vector<const MapEvidence*> maps;
  std::vector<size_t> films;
  for (const int model : models) {
    const std::vector<FilmMap>& pool = pools[static_cast<size_t>(model)];
    const FilmMap* drawn = nullptr;
    do {
      drawn = &pool[Draw(random, pool.size())];
    } while (std::count(films.begin(), films.end(), drawn->film) > 0);
    films.push_back(drawn->film);
    maps.push_back(&drawn->evidence);
  }
  return maps;
}

// Quantile i is the value of rank (n - 1) i / (q - 1), rounded.
void AddQuantiles(std::vector<double> values, google::protobuf::RepeatedField<double>& quantiles) {
  std::sort(values.begin(), values.end());
  for (int i = 0; i < kAgreementQuantiles; ++i) {
    const double place = static_cast<double>(values.size() - 1) * i / (kAgreementQuantiles - 1);
    quantiles.Add(RoundAgreement(values[static_cast<size_t>(std::lround(place))]));
  }
}

v1::AgreementDistribution MakeDistribution(const Pools& pools, const std::vector<int>& models,
                                           int draws, std::mt19937_64& random) {
  std::vector<double> overlap;
  std::vector<double> distance;
  std::vector<double> correlation;
  for (int draw = 0; draw < draws; ++draw) {
    const MapMeasures measures = CompareMaps(DrawOfDifferentFilms(pools, models, random));
    overlap.push_back(measures.overlap);
    distance.push_back(measures.distance);
    correlation.push_back(measures.correlation);
  }
  v1::AgreementDistribution distribution;
  for (const int model : models) distribution.add_models(model);
  AddQuantiles(std::move(overlap), *distribution.mutable_overlap());
  AddQuantiles(std::move(distance), *distribution.mutable_distance());
  AddQuantiles(std::move(correlation), *distribution.mutable_correlation());
  return distribution;
}

absl::Status CheckFilms(size_t models, const std::vector<std::vector<ModelResult>>& films,
                        const AgreementNullOptions& options) {
  if (models < 2 || models > kMaxAgreementModels) {
    return absl::InvalidArgumentError(
        absl::StrCat("2 to ", kMaxAgreementModels, " models can be compared, not ", models));
  }
  for (const std::vector<ModelResult>& results : films) {
    if (results.size() != models) {
      return absl::InvalidArgumentError("a film lacks the result of a model");
    }
  }
  if (options.draws < 1) return absl::InvalidArgumentError("draws must be 1 or more");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<AgreementNull> MakeAgreementNull(const std::vector<ModelFolder>& models,
                                                const std::vector<std::vector<ModelResult>>& films,
                                                const AgreementNullOptions& options) {
  const absl::Status fine = CheckFilms(models.size(), films, options);
  if (!fine.ok()) return fine;
  const Pools pools = CollectPools(models.size(), films);
  AgreementNull null;
  null.set_models_digest(MapsDigest(models));
  null.set_draws(options.draws);
  for (size_t m = 0; m < models.size(); ++m) {
    const v1::ModelManifest& manifest = models[m].manifest;
    if (pools[m].size() < kMinAgreementFilms) {
      return absl::FailedPreconditionError(absl::StrCat(manifest.name(), " finds ", pools[m].size(),
                                                        " of ", films.size(), " films positive; ",
                                                        kMinAgreementFilms, " are needed"));
    }
    null.add_models(absl::StrCat(manifest.name(), "/", manifest.version()));
    null.add_films(static_cast<int>(pools[m].size()));
  }
  std::mt19937_64 random(options.seed);
  for (unsigned subset = 1; subset < (1U << models.size()); ++subset) {
    std::vector<int> members;
    for (int m = 0; m < static_cast<int>(models.size()); ++m) {
      if ((subset >> m) & 1U) members.push_back(m);
    }
    if (members.size() < 2) continue;
    *null.add_distributions() = MakeDistribution(pools, members, options.draws, random);
  }
  return null;
}

}  // namespace camnode
