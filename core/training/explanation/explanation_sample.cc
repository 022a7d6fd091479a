#include "core/training/explanation/explanation_sample.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/training/films/labelled_film.h"
#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

constexpr size_t kAtOnce = 8;

absl::StatusOr<std::vector<SampledFilm>> Look(const std::vector<ExplainedModel*>& models,
                                              const std::vector<LabelledFilm>& films,
                                              const FilmReader& read_film) {
  std::vector<SampledFilm> seen(films.size());
  std::vector<std::vector<ClassifierInput>> inputs(models.size());
  for (size_t i = 0; i < films.size(); ++i) {
    seen[i].film = films[i];
    absl::StatusOr<Radiograph> film = read_film(films[i].path);
    if (!film.ok()) return Annotate(film.status(), films[i].path);
    seen[i].lungs = FindLungs(film->presentation);
    for (size_t m = 0; m < models.size(); ++m) {
      absl::StatusOr<ClassifierInput> input = models[m]->Prepare(*film);
      if (!input.ok()) return Annotate(input.status(), films[i].path);
      inputs[m].push_back(*std::move(input));
    }
  }
  for (size_t m = 0; m < models.size(); ++m) {
    CAMNODE_ASSIGN_OR_RETURN(std::vector<ModelResult> results, models[m]->Classify(inputs[m]));
    for (size_t i = 0; i < films.size(); ++i) {
      seen[i].inputs.push_back(std::move(inputs[m][i]));
      seen[i].results.push_back(std::move(results[i]));
    }
  }
  return seen;
}

bool EveryModelIsPositive(const SampledFilm& film) {
  return std::all_of(film.results.begin(), film.results.end(),
                     [](const ModelResult& result) { return result.finding.positive; });
}

}  // namespace

std::vector<LabelledFilm> OneFilmAPatient(std::vector<LabelledFilm> candidates, uint64_t seed) {
  std::sort(candidates.begin(), candidates.end(),
            [](const LabelledFilm& a, const LabelledFilm& b) { return a.name < b.name; });
  RandomGenerator random(seed);
  Shuffle(candidates, random);
  std::vector<LabelledFilm> films;
  std::set<std::string> patients;
  for (LabelledFilm& film : candidates) {
    if (patients.insert(film.patient).second) films.push_back(std::move(film));
  }
  return films;
}

absl::StatusOr<ExplanationSample> TakeSample(
    const std::vector<ExplainedModel*>& models, const std::vector<LabelledFilm>& order,
    const FilmReader& read_film, size_t count,
    const std::function<void(int done, int of)>& progress) {
  ExplanationSample sample;
  for (size_t first = 0; first < order.size() && sample.films.size() < count; first += kAtOnce) {
    const std::vector<LabelledFilm> films(
        order.begin() + static_cast<std::ptrdiff_t>(first),
        order.begin() + static_cast<std::ptrdiff_t>(std::min(first + kAtOnce, order.size())));
    CAMNODE_ASSIGN_OR_RETURN(std::vector<SampledFilm> seen, Look(models, films, read_film));
    for (SampledFilm& film : seen) {
      if (sample.films.size() == count) break;
      ++sample.looked_at;
      if (EveryModelIsPositive(film)) sample.films.push_back(std::move(film));
    }
    if (progress) progress(static_cast<int>(sample.films.size()), static_cast<int>(count));
  }
  return sample;
}

}  // namespace camnode
