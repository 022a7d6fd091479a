#include "core/training/film_scores.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/status_macros.h"

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
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FilmScores> ScoreFilms(const std::vector<ModelFolder>& models,
                                      const Dataset& dataset, int positive_class,
                                      const FilmReader& read_film, int batch,
                                      const FilmProgress& progress) {
  Classifiers classifiers;
  for (const ModelFolder& model : models) {
    CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Classifier> classifier, Load(model, batch));
    classifiers.push_back(std::move(classifier));
  }
  FilmScores scores;
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

absl::StatusOr<std::vector<FilmStatistics>> MeasureStatistics(const ModelFolder& model,
                                                              const Dataset& dataset,
                                                              const std::vector<size_t>& positions,
                                                              const FilmReader& read_film,
                                                              const FilmProgress& progress) {
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<Classifier> classifier, Load(model, 1));
  std::vector<FilmStatistics> all;
  for (const size_t position : positions) {
    const LabelledFilm& film = dataset.films[position];
    const auto measure = [&]() -> absl::StatusOr<FilmStatistics> {
      CAMNODE_ASSIGN_OR_RETURN(const Radiograph radiograph, read_film(film.path));
      CAMNODE_ASSIGN_OR_RETURN(const ClassifierInput input, classifier->Prepare(radiograph));
      return StatisticsOf(radiograph, input, model.manifest.preprocessing());
    };
    absl::StatusOr<FilmStatistics> statistics = measure();
    if (!statistics.ok()) return Annotate(statistics.status(), film.name);
    all.push_back(*std::move(statistics));
    if (progress) progress(all.size(), positions.size());
  }
  return all;
}

}  // namespace camnode
