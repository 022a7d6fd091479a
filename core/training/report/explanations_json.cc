#include "core/training/report/explanations_json.h"

#include <cmath>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "core/domain/analysis.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json IntervalJson(const MeanInterval& interval) {
  if (interval.count == 0) return Json();
  return {{"mean", Number(interval.mean)},
          {"interval", Json::array({Number(interval.low), Number(interval.high)})},
          {"count", interval.count}};
}

Json FaithfulnessJson(const MapFaithfulness& map) {
  Json json = {{"map", map.map},
               {"score", IntervalJson(map.score)},
               {"insertion", IntervalJson(map.insertion)},
               {"deletion", IntervalJson(map.deletion)},
               {"insertion_curve", map.insertion_curve},
               {"deletion_curve", map.deletion_curve}};
  if (map.over.has_value()) {
    json["over_random"] = IntervalJson(map.over->random);
    json["over_centre"] = IntervalJson(map.over->centre);
    json["over_mean_of_others"] = IntervalJson(map.over->mean_of_others);
    json["beats_all"] = map.over->BeatsAll();
  }
  return json;
}

Json RandomisationJson(const RandomisationCheck& check) {
  Json stages = Json::array();
  for (const RandomisationStage& stage : check.stages) {
    stages.push_back({{"stage", stage.name},
                      {"correlation", IntervalJson(stage.correlation)},
                      {"absolute_correlation", Number(stage.absolute_correlation)}});
  }
  return {{"films", check.films},
          {"draws", check.draws},
          {"stages", std::move(stages)},
          {"between_films", Number(check.between_films)},
          {"pass_below", Number(check.pass_below)},
          {"passed", check.passed}};
}

Json StabilityJson(const std::vector<MapStability>& changes) {
  Json json = Json::array();
  for (const MapStability& change : changes) {
    json.push_back({{"change", change.change},
                    {"correlation", IntervalJson(change.correlation)},
                    {"peak_moved", IntervalJson(change.peak_moved)},
                    {"logit_change", IntervalJson(change.logit_change)}});
  }
  return json;
}

Json ModelJson(const ModelExplanationQuality& model) {
  Json maps = Json::array();
  for (const MapFaithfulness& map : model.faithfulness) maps.push_back(FaithfulnessJson(map));
  return {{"name", model.model},
          {"version", model.version},
          {"weights_sha256", model.weights_sha256},
          {"films_at_scale_floor", model.films_at_scale_floor},
          {"films_deleted_higher", model.films_deleted_higher},
          {"faithfulness", std::move(maps)},
          {"randomisation", RandomisationJson(model.randomisation)},
          {"lungs",
           {{"mass", IntervalJson(model.lungs.mass)},
            {"mass_over_chance", IntervalJson(model.lungs.mass_over_chance)},
            {"peaks", IntervalJson(model.lungs.peaks)},
            {"peaks_over_chance", IntervalJson(model.lungs.peaks_over_chance)},
            {"empty_maps", model.lungs.empty_maps}}},
          {"stability", StabilityJson(model.stability)}};
}

Json AgreementJson(const AgreementSummary& agreement) {
  Json json = {{"films", agreement.films},
               {"median_overlap", Number(agreement.median_overlap)},
               {"median_distance", Number(agreement.median_distance)},
               {"median_correlation", Number(agreement.median_correlation)},
               {"percentiles", Json()}};
  if (agreement.percentiles.has_value()) {
    json["percentiles"] = {
        {"median_overlap", Number(agreement.percentiles->median_overlap)},
        {"median_distance", Number(agreement.percentiles->median_distance)},
        {"median_correlation", Number(agreement.percentiles->median_correlation)},
        {"same_area", Number(agreement.percentiles->same_area)},
        {"partly_same_area", Number(agreement.percentiles->partly_same_area)}};
  }
  return json;
}

Json Rows(const cv::Mat1f& map) {
  Json rows = Json::array();
  for (int row = 0; row < map.rows; ++row) {
    rows.push_back(std::vector<float>(map[row], map[row] + map.cols));
  }
  return rows;
}

Json FilmModelJson(const ExplainedFilmModel& model) {
  return {{"name", model.result.model},
          {"logit", Number(static_cast<double>(model.result.finding.logit))},
          {"probability", Number(model.result.finding.probability)},
          {"deleted_logit", Number(model.deleted_logit)},
          {"score", Number(model.score)},
          {"random_score", Number(model.random_score)},
          {"centre_score", Number(model.centre_score)},
          {"mean_of_others_score", Number(model.mean_of_others_score)},
          {"lung_mass", model.lung_mass.has_value() ? Number(*model.lung_mass) : Json()},
          {"heatmap", Rows(model.result.heatmap.values)}};
}

Json FilmAgreementJson(const Agreement& agreement) {
  if (agreement.models < 2) return Json();
  Json json = {{"overlap", Number(agreement.overlap)},
               {"distance", Number(agreement.distance)},
               {"correlation", Number(agreement.correlation)}};
  if (agreement.percentiles.has_value()) {
    json["overlap_percentile"] = Number(agreement.percentiles->overlap);
    json["distance_percentile"] = Number(agreement.percentiles->distance);
    json["correlation_percentile"] = Number(agreement.percentiles->correlation);
  }
  return json;
}

}  // namespace

Json ExplanationsJson(const ExplanationQuality& quality) {
  Json json = {{"sample", CleanUtf8(quality.sample)},
               {"films", quality.films.size()},
               {"candidates", quality.candidates},
               {"variant_films", quality.variant_films},
               {"seed", quality.seed},
               {"steps", quality.steps},
               {"blur_sigma", Number(quality.blur_sigma)},
               {"fill", quality.fill},
               {"lung_area", Number(quality.lung_area)},
               {"lung_fallbacks", quality.lung_fallbacks},
               {"models", Json::array()},
               {"agreement", Json()}};
  for (const ModelExplanationQuality& model : quality.models) {
    json["models"].push_back(ModelJson(model));
  }
  if (quality.agreement.has_value()) json["agreement"] = AgreementJson(*quality.agreement);
  return json;
}

Json ExplainedFilmsJson(const ExplanationQuality& quality) {
  Json json = Json::array();
  for (const ExplainedFilm& film : quality.films) {
    Json models = Json::array();
    for (const ExplainedFilmModel& model : film.models) models.push_back(FilmModelJson(model));
    json.push_back({{"name", CleanUtf8(film.name)},
                    {"lung_area", Number(film.lung_area)},
                    {"lung_fallback", film.lung_fallback},
                    {"models", std::move(models)},
                    {"agreement", FilmAgreementJson(film.agreement)}});
  }
  return json;
}

}  // namespace camnode
