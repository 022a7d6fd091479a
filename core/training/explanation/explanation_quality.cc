#include "core/training/explanation/explanation_quality.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/agreement.h"
#include "core/training/explanation/deletion_insertion.h"
#include "core/training/explanation/explanation_sample.h"
#include "core/training/explanation/faithfulness.h"
#include "core/training/explanation/lung_region.h"
#include "core/training/explanation/map_stability.h"
#include "core/training/explanation/weight_randomisation.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {
namespace {

constexpr int kMaxFilms = 1000;  // Held in memory: 0.6 MB a model and film at 224 x 224.

absl::Status CheckOptions(size_t models, const ExplanationOptions& options) {
  if (models == 0) return absl::InvalidArgumentError("no model is given");
  const auto in_range = [](int value, int low, int high) { return value >= low && value <= high; };
  if (!in_range(options.films, kMinExplainedFilms, kMaxFilms)) {
    return absl::InvalidArgumentError(
        absl::StrCat("films must be ", kMinExplainedFilms, " to ", kMaxFilms));
  }
  if (!in_range(options.curves.steps, 2, 100)) {
    return absl::InvalidArgumentError("steps must be 2 to 100");
  }
  if (!(options.curves.blur_sigma >= 0.005 && options.curves.blur_sigma <= 0.5)) {
    return absl::InvalidArgumentError("the blur must be 0.005 to 0.5 of the input's side");
  }
  if (!in_range(options.variant_films, 0, kMaxFilms) ||
      !in_range(options.randomisation_films, 2, kMaxFilms) ||
      !in_range(options.randomisation_draws, 1, 1000)) {
    return absl::InvalidArgumentError("a number of films or draws is out of range");
  }
  return absl::OkStatus();
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2.0;
}

LungFocus MeasureLungs(const ExplanationSample& sample, size_t model, uint64_t seed,
                       std::vector<ExplainedFilm>& films) {
  LungFocus focus;
  std::vector<double> mass;
  std::vector<double> peaks;
  std::vector<double> chance;
  for (size_t i = 0; i < sample.films.size(); ++i) {
    const SampledFilm& film = sample.films[i];
    const absl::optional<double> own = MassInLungs(film.results[model], film.lungs);
    films[i].models[model].lung_mass = own;
    if (!own.has_value()) {
      ++focus.empty_maps;
      continue;
    }
    mass.push_back(*own);
    peaks.push_back(PeakInLungs(film.results[model], film.lungs) ? 1.0 : 0.0);
    chance.push_back(film.lungs.area);
  }
  focus.mass = MeanWithInterval(mass, seed);
  focus.mass_over_chance = PairedDifference(mass, chance, seed);
  focus.peaks = MeanWithInterval(peaks, seed);
  focus.peaks_over_chance = PairedDifference(peaks, chance, seed);
  return focus;
}

absl::optional<AgreementSummary> Summarise(const std::vector<ExplainedFilm>& films) {
  std::vector<double> overlap, distance, correlation;
  std::vector<double> overlap_percentile, distance_percentile, correlation_percentile;
  AgreementSummary summary;
  int same = 0;
  int partly = 0;
  for (const ExplainedFilm& film : films) {
    const Agreement& agreement = film.agreement;
    if (agreement.models < 2) continue;
    overlap.push_back(agreement.overlap);
    distance.push_back(agreement.distance);
    correlation.push_back(agreement.correlation);
    if (!agreement.percentiles.has_value()) continue;
    const AgreementPercentiles& own = *agreement.percentiles;
    overlap_percentile.push_back(own.overlap);
    distance_percentile.push_back(own.distance);
    correlation_percentile.push_back(own.correlation);
    const double level = Median({own.overlap, own.distance, own.correlation});
    same += level >= kSameAreaPercentile ? 1 : 0;
    partly += level >= kPartlySameAreaPercentile && level < kSameAreaPercentile ? 1 : 0;
  }
  if (overlap.empty()) return absl::nullopt;
  summary.films = static_cast<int>(overlap.size());
  summary.median_overlap = Median(overlap);
  summary.median_distance = Median(distance);
  summary.median_correlation = Median(correlation);
  if (!overlap_percentile.empty()) {
    const auto judged = static_cast<double>(overlap_percentile.size());
    summary.percentiles = AgreementSummary::Percentiles{
        Median(overlap_percentile), Median(distance_percentile), Median(correlation_percentile),
        same / judged, partly / judged};
  }
  return summary;
}

// As the films will be shown, before anything is measured.
std::vector<ExplainedFilm> MakeFilms(const ExplanationSample& sample, const AgreementNull* null) {
  std::vector<ExplainedFilm> films;
  for (const SampledFilm& sampled : sample.films) {
    ExplainedFilm film;
    film.name = sampled.film.name;
    film.path = sampled.film.path;
    film.patient = sampled.film.patient;
    film.lung_area = sampled.lungs.area;
    film.lung_fallback = sampled.lungs.fallback;
    for (const ModelResult& result : sampled.results) {
      film.models.emplace_back();
      film.models.back().result = result;
    }
    if (sampled.results.size() > 1) film.agreement = ComputeAgreement(sampled.results, null);
    films.push_back(std::move(film));
  }
  return films;
}

absl::StatusOr<ModelExplanationQuality> MeasureModel(ExplainedModel& model, size_t index,
                                                     const ExplanationSample& sample,
                                                     const ExplanationOptions& options,
                                                     std::vector<ExplainedFilm>& films) {
  const ModelResult& any = sample.films.front().results[index];
  const auto progress = [&](const char* what) {
    return [&options, name = absl::StrCat(any.model, ": ", what)](int done, int of) {
      if (options.progress) options.progress(name, done, of);
    };
  };
  std::vector<ClassifierInput> inputs;
  std::vector<ModelResult> results;
  for (const SampledFilm& film : sample.films) {
    inputs.push_back(film.inputs[index]);
    results.push_back(film.results[index]);
  }
  ModelExplanationQuality quality;
  quality.model = any.model;
  quality.version = any.version;
  quality.weights_sha256 = any.weights_sha256;

  FaithfulnessOptions faithfulness{options.curves, options.seed, options.variants,
                                   static_cast<size_t>(options.variant_films)};
  CAMNODE_ASSIGN_OR_RETURN(
      const Faithfulness measured,
      MeasureFaithfulness(model, inputs, results, faithfulness, progress("faithfulness")));
  quality.faithfulness = measured.maps;
  for (size_t i = 0; i < films.size(); ++i) {
    ExplainedFilmModel& own = films[i].models[index];
    const FilmFaithfulness& scores = measured.films[i];
    quality.films_at_scale_floor += scores.at_scale_floor ? 1 : 0;
    own.deleted_logit = scores.deleted_logit;
    quality.films_deleted_higher +=
        own.deleted_logit > static_cast<double>(own.result.finding.logit) ? 1 : 0;
    own.score = scores.served;
    own.random_score = scores.random;
    own.centre_score = scores.centre;
    own.mean_of_others_score = scores.mean_of_others;
  }
  quality.lungs = MeasureLungs(sample, index, options.seed, films);
  CAMNODE_ASSIGN_OR_RETURN(quality.stability,
                           MeasureStability(model, inputs, results, options.seed));
  inputs.resize(std::min(inputs.size(), static_cast<size_t>(options.randomisation_films)));
  CAMNODE_ASSIGN_OR_RETURN(quality.randomisation,
                           CheckRandomisation(model, inputs, options.randomisation_draws,
                                              options.seed, progress("random weights")));
  return quality;
}

std::string Describe(const ExplanationSample& sample, const ExplanationOptions& options,
                     size_t models) {
  return absl::StrFormat(
      "%d films labelled with the finding, one a patient, that %s positive, of %d looked at in an "
      "order drawn with seed %d.",
      sample.films.size(), models == 1 ? "the model finds" : "every model finds", sample.looked_at,
      options.seed);
}

}  // namespace

absl::StatusOr<ExplanationQuality> MeasureExplanations(const std::vector<ExplainedModel*>& models,
                                                       const std::vector<LabelledFilm>& candidates,
                                                       const FilmReader& read_film,
                                                       const AgreementNull* null,
                                                       const ExplanationOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckOptions(models.size(), options));
  CAMNODE_ASSIGN_OR_RETURN(const ExplanationSample sample,
                           TakeSample(models, OneFilmAPatient(candidates, options.seed), read_film,
                                      static_cast<size_t>(options.films), [&](int done, int of) {
                                        if (options.progress) options.progress("films", done, of);
                                      }));
  if (sample.films.size() < kMinExplainedFilms) {
    return absl::FailedPreconditionError(absl::StrCat(
        "every model finds ", sample.films.size(), " of ", sample.looked_at,
        " films with the finding positive, one a patient; ", kMinExplainedFilms, " are needed"));
  }
  ExplanationQuality quality;
  quality.sample = Describe(sample, options, models.size());
  quality.candidates = sample.looked_at;
  quality.seed = options.seed;
  quality.steps = options.curves.steps;
  quality.blur_sigma = options.curves.blur_sigma;
  quality.fill = options.curves.fill == FillKind::kBlur ? "blur" : "texture";
  quality.variant_films = std::min(options.variant_films, static_cast<int>(sample.films.size()));
  quality.films = MakeFilms(sample, null);
  for (const SampledFilm& film : sample.films) {
    quality.lung_area += film.lungs.area / static_cast<double>(sample.films.size());
    quality.lung_fallbacks += film.lungs.fallback ? 1 : 0;
  }
  for (size_t m = 0; m < models.size(); ++m) {
    CAMNODE_ASSIGN_OR_RETURN(ModelExplanationQuality own,
                             MeasureModel(*models[m], m, sample, options, quality.films));
    quality.models.push_back(std::move(own));
  }
  quality.agreement = Summarise(quality.films);
  return quality;
}

absl::StatusOr<ExplanationQuality> MeasureExplanations(const std::vector<ModelFolder>& folders,
                                                       const std::vector<LabelledFilm>& candidates,
                                                       const FilmReader& read_film,
                                                       const ExplanationOptions& options) {
  std::vector<std::unique_ptr<ExplainedModel>> loaded;
  std::vector<ExplainedModel*> models;
  for (const ModelFolder& folder : folders) {
    absl::StatusOr<std::unique_ptr<ExplainedModel>> model = LoadExplainedModel(folder);
    if (!model.ok()) return Annotate(model.status(), folder.manifest.name());
    loaded.push_back(*std::move(model));
    models.push_back(loaded.back().get());
  }
  // A model lies in MODELS/NAME/VERSION, and the null in MODELS.
  absl::StatusOr<AgreementNull> null = absl::NotFoundError("one model");
  if (folders.size() > 1) {
    const std::filesystem::path first =
        std::filesystem::absolute(folders.front().directory).lexically_normal();
    null = LoadAgreementNull(first.parent_path().parent_path().string(), folders);
    if (!null.ok() && !absl::IsNotFound(null.status())) return null.status();
  }
  return MeasureExplanations(models, candidates, read_film, null.ok() ? &*null : nullptr, options);
}

}  // namespace camnode
