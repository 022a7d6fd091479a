#include "core/training/figures/film_scores.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/device/precision.h"
#include "core/models/model_repository.h"
#include "core/training/films/corruption_suite.h"
#include "core/training/films/film_store.h"
#include "core/training/films/labelled_film.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

using Classifiers = std::vector<std::unique_ptr<Classifier>>;

absl::StatusOr<std::unique_ptr<Classifier>> Load(const ModelFolder& model, int batch) {
  ClassifierOptions options;
  options.precision = ComputePrecision::kFloat32;
  options.batch = batch;
  return Classifier::Load(model, options);
}

// The gray picture before mean and deviation.
cv::Mat1b PictureOf(const ClassifierInput& input, const v1::Preprocessing& preprocessing) {
  const int side = static_cast<int>(input.side);
  cv::Mat1b picture(side, side);
  const double mean = preprocessing.mean(0);
  const double deviation = preprocessing.standard_deviation(0);
  for (int i = 0; i < side * side; ++i) {
    const double level = (input.image[static_cast<size_t>(i)] * deviation + mean) * 255.0;
    picture(i / side, i % side) = cv::saturate_cast<uint8_t>(level);
  }
  return picture;
}

absl::StatusOr<FilmStatistics> StatisticsOf(const Radiograph& film, const ClassifierInput& input,
                                            const v1::Preprocessing& preprocessing) {
  FilmStatistics statistics;
  statistics.size = {film.presentation.cols, film.presentation.rows};
  CAMNODE_ASSIGN_OR_RETURN(statistics.picture, ShortcutStatistics(PictureOf(input, preprocessing)));
  return statistics;
}

// A film, ready for each model.
struct PreparedFilm {
  size_t position = 0;
  std::vector<ClassifierInput> inputs;
  FilmStatistics statistics;
};

absl::StatusOr<PreparedFilm> Prepare(const LabelledFilm& film, const Classifiers& classifiers,
                                     const FilmReader& read_film) {
  CAMNODE_ASSIGN_OR_RETURN(const Radiograph radiograph, read_film(film.path));
  PreparedFilm prepared;
  for (size_t i = 0; i < classifiers.size(); ++i) {
    if (i > 0 && classifiers[i]->SharesInputWith(*classifiers[0])) {
      prepared.inputs.push_back(prepared.inputs[0]);
      continue;
    }
    CAMNODE_ASSIGN_OR_RETURN(ClassifierInput input, classifiers[i]->Prepare(radiograph));
    prepared.inputs.push_back(std::move(input));
  }
  CAMNODE_ASSIGN_OR_RETURN(prepared.statistics,
                           StatisticsOf(radiograph, prepared.inputs[0],
                                        classifiers[0]->model().manifest.preprocessing()));
  return prepared;
}

// The input of a changed picture.
ClassifierInput CorruptInput(const ClassifierInput& input, const Corruption& corruption,
                             const v1::Preprocessing& preprocessing) {
  const cv::Mat1b picture = Corrupt(corruption, PictureOf(input, preprocessing));
  ClassifierInput changed = input;
  const size_t pixels = picture.total();
  for (int channel = 0; channel < 3; ++channel) {
    const double mean = preprocessing.mean(channel);
    const double deviation = preprocessing.standard_deviation(channel);
    for (size_t i = 0; i < pixels; ++i) {
      changed.image[static_cast<size_t>(channel) * pixels + i] =
          static_cast<float>((picture.data[i] / 255.0 - mean) / deviation);
    }
  }
  return changed;
}

// Adds a row of log odds for each film to `scores.corrupted`.
absl::Status ClassifyCorrupted(const std::vector<PreparedFilm>& batch, Classifiers& classifiers,
                               FilmScores& scores) {
  for (size_t corruption = 0; corruption < scores.corrupted.size(); ++corruption) {
    std::vector<std::vector<double>> rows(batch.size());
    for (size_t model = 0; model < classifiers.size(); ++model) {
      const v1::Preprocessing& preprocessing = classifiers[model]->model().manifest.preprocessing();
      std::vector<ClassifierInput> changed;
      std::vector<const ClassifierInput*> inputs;
      for (const PreparedFilm& film : batch) {
        changed.push_back(
            CorruptInput(film.inputs[model], CorruptionSuite()[corruption], preprocessing));
      }
      for (const ClassifierInput& input : changed) inputs.push_back(&input);
      const auto results = classifiers[model]->ClassifyPrepared(inputs);
      for (size_t film = 0; film < results.size(); ++film) {
        if (!results[film].ok()) return results[film].status();
        rows[film].push_back(results[film]->finding.log_odds);
      }
    }
    auto& films = scores.corrupted[corruption];
    films.insert(films.end(), rows.begin(), rows.end());
  }
  return absl::OkStatus();
}

absl::Status Classify(std::vector<PreparedFilm> batch, const Dataset& dataset, int positive_class,
                      Classifiers& classifiers, FilmScores& scores) {
  const size_t first = scores.films.size();
  for (PreparedFilm& prepared : batch) {
    const LabelledFilm& film = dataset.films[prepared.position];
    EvaluatedFilm evaluated;
    evaluated.name = film.name;
    evaluated.path = film.path;
    evaluated.patient = film.patient;
    evaluated.positive = film.class_index == positive_class;
    evaluated.columns = film.columns;
    scores.scored.push_back(prepared.position);
    scores.films.push_back(std::move(evaluated));
    scores.statistics.push_back(std::move(prepared.statistics));
  }
  for (size_t i = 0; i < classifiers.size(); ++i) {
    std::vector<const ClassifierInput*> inputs;
    for (const PreparedFilm& prepared : batch) inputs.push_back(&prepared.inputs[i]);
    auto results = classifiers[i]->ClassifyPrepared(inputs);
    for (size_t film = 0; film < results.size(); ++film) {
      if (!results[film].ok()) {
        return Annotate(results[film].status(), scores.films[first + film].name);
      }
      // Alike on every run.
      results[film]->duration_ms = 0.0;
      scores.films[first + film].results.push_back(*std::move(results[film]));
    }
  }
  return ClassifyCorrupted(batch, classifiers, scores);
}

}  // namespace

absl::StatusOr<FilmScores> ScoreFilms(const std::vector<ModelFolder>& models,
                                      const Dataset& dataset, int positive_class,
                                      const FilmReader& read_film, int batch,
                                      const FilmProgress& progress, bool corrupt) {
  Classifiers classifiers;
  for (const ModelFolder& model : models) {
    CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Classifier> classifier, Load(model, batch));
    classifiers.push_back(std::move(classifier));
  }
  FilmScores scores;
  if (corrupt) scores.corrupted.resize(CorruptionSuite().size());
  std::vector<PreparedFilm> waiting;
  for (size_t i = 0; i < dataset.films.size(); ++i) {
    absl::StatusOr<PreparedFilm> prepared = Prepare(dataset.films[i], classifiers, read_film);
    if (prepared.ok()) {
      prepared->position = i;
      waiting.push_back(*std::move(prepared));
    } else {
      scores.unreadable.push_back(
          {dataset.films[i].name, std::string(prepared.status().message())});
    }
    if (waiting.size() == static_cast<size_t>(batch) || i + 1 == dataset.films.size()) {
      CAMNODE_RETURN_IF_ERROR(
          Classify(std::exchange(waiting, {}), dataset, positive_class, classifiers, scores));
      if (progress) progress(i + 1, dataset.films.size());
    }
  }
  return scores;
}

absl::StatusOr<std::vector<FilmStatistics>> MeasureStatistics(
    const Dataset& dataset, const v1::Preprocessing& preprocessing, const FilmReader& read_film,
    const FilmProgress& progress) {
  Mutex mutex;
  std::map<std::string, OriginalSize> sizes;  // By digest: of copies one is read.
  std::map<std::string, std::string> digests;
  for (const LabelledFilm& film : dataset.films) digests[film.path] = film.sha256;
  const FilmReader read_and_measure = [&](const std::string& path) -> absl::StatusOr<Radiograph> {
    CAMNODE_ASSIGN_OR_RETURN(Radiograph film, read_film(path));
    const MutexLock lock(&mutex);
    sizes[digests[path]] = {film.presentation.cols, film.presentation.rows};
    return film;
  };
  CAMNODE_ASSIGN_OR_RETURN(
      const FilmStore store,
      FilmStore::Open(dataset, preprocessing, read_and_measure, FilmStoreOptions(), progress));
  std::vector<FilmStatistics> all;
  for (size_t i = 0; i < dataset.films.size(); ++i) {
    FilmStatistics statistics;
    statistics.size = sizes[dataset.films[i].sha256];
    CAMNODE_ASSIGN_OR_RETURN(statistics.picture, ShortcutStatistics(store.Film(i)));
    all.push_back(std::move(statistics));
  }
  return all;
}

}  // namespace camnode
