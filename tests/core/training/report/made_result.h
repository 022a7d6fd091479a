// A small evaluation, made by hand, with everything that a report can show.

#ifndef CAMNODE_TESTS_CORE_TRAINING_REPORT_MADE_RESULT_H_
#define CAMNODE_TESTS_CORE_TRAINING_REPORT_MADE_RESULT_H_

#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/domain/analysis.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/evaluation/score_figures.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

// 0 to 1, one for each of 24 films of 12 patients; every other film has the finding.
inline ScoreEvaluation MadeScores(const std::string& name, double sharpness) {
  ScoreEvaluation scores;
  scores.label = name;
  scores.name = name;
  scores.version = "1";
  scores.architecture = "resnet18";
  scores.weights_sha256 = std::string(64, 'a');
  scores.weights_bytes = 22'500'000;
  scores.threshold = 0.5;
  scores.threshold_origin = "the manifest";
  scores.threshold_set_id = "made-1";
  scores.manifest.set_name(name);
  scores.manifest.set_version("1");
  scores.manifest.set_reported_label("pneumonia");
  scores.manifest.set_weights_precision("float32");
  scores.manifest.set_population("nobody");
  scores.manifest.set_intended_use("to be tested with <films> | pipes");
  scores.manifest.set_training_data("none");
  for (int i = 0; i < 24; ++i) {
    ScoredFilm film;
    film.name = absl::StrCat("test/film<", i, ">.png");
    film.patient = absl::StrCat("patient", i / 2);
    film.positive = i % 2 == 1;
    film.fold = (i / 2) % 3;
    film.logit = sharpness * (film.positive ? 1.0 : -1.0) + std::sin(3.0 * i);
    film.probability = 1.0 / (1.0 + std::exp(-film.logit));
    scores.films.push_back(std::move(film));
  }
  BootstrapOptions options;
  options.rounds = 50;
  scores.figures = MeasureScores(scores.films, scores.threshold, options);
  return scores;
}

inline EvaluationResult MadeResult() {
  EvaluationResult result;
  result.data.path = "films & more";
  result.data.split = "test";
  result.data.digest = std::string(64, 'd');
  result.data.positive_class = "PNEUMONIA";
  result.data.classes = {"NORMAL", "PNEUMONIA"};
  result.data.films = 24;
  result.data.positives = 12;
  result.data.patients = 12;
  result.data.unreadable = {{"test/\xff.png", "no picture"}};
  result.circumstances.instruction_set = "made";
  result.explanations_absence = "not asked for";
  result.shortcut_absence = "too few films";
  result.models = {MadeScores("first", 0.8), MadeScores("second", 1.5)};
  result.mean = MadeScores("mean", 1.2);
  result.mean->version.clear();
  for (int i = 0; i < 24; ++i) {
    EvaluatedFilm film;
    film.name = result.models[0].films[static_cast<size_t>(i)].name;
    film.path = film.name;
    film.positive = i % 2 == 1;
    for (const ScoreEvaluation& model : result.models) {
      ModelResult of_model;
      of_model.model = model.name;
      of_model.heatmap.values = cv::Mat1f(2, 2, 0.5f);
      of_model.heatmap.peak = 0.5f;
      of_model.placement.film = cv::Size(64, 48);
      of_model.placement.region = cv::Rect2d(0, 0, 64, 48);
      film.results.push_back(std::move(of_model));
    }
    result.films.push_back(std::move(film));
  }
  return result;
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_TRAINING_REPORT_MADE_RESULT_H_
