#include "core/training/report/json.h"

#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "core/base/utf8.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/thresholds.h"
#include "core/training/report/explanations_json.h"
#include "core/training/train/curves.h"
#include "core/training/train/run_curves.h"

namespace camnode {
namespace {

using Json = nlohmann::ordered_json;

Json Number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json OrNull(const absl::optional<double>& value) {
  return value.has_value() ? Number(*value) : Json();
}

Json Estimate(const absl::optional<Interval>& interval) {
  return interval.has_value() ? Number(interval->estimate) : Json();
}

Json Bounds(const absl::optional<Interval>& interval) {
  if (!interval.has_value()) return Json();
  return Json::array({Number(interval->low), Number(interval->high)});
}

Json Texts(const std::vector<std::string>& texts) {
  Json json = Json::array();
  for (const std::string& text : texts) json.push_back(CleanUtf8(text));
  return json;
}

Json ConfusionJson(const Confusion& confusion) {
  return {{"true_positives", confusion.true_positives},
          {"false_positives", confusion.false_positives},
          {"true_negatives", confusion.true_negatives},
          {"false_negatives", confusion.false_negatives}};
}

Json ClassJson(const ClassFigures& figures) {
  return {{"precision", figures.precision},
          {"recall", figures.recall},
          {"f1", figures.f1},
          {"support", figures.support}};
}

Json ReportJson(const ClassificationReport& report) {
  return {{"negative", ClassJson(report.negative)},
          {"positive", ClassJson(report.positive)},
          {"macro", ClassJson(report.macro)},
          {"weighted", ClassJson(report.weighted)},
          {"accuracy", report.accuracy}};
}

Json ThresholdsJson(const std::vector<NamedThreshold>& thresholds) {
  Json json = Json::array();
  for (const NamedThreshold& threshold : thresholds) {
    const ThresholdChoice& choice = threshold.choice;
    json.push_back({{"rule", threshold.rule},
                    {"threshold", Number(choice.threshold.estimate)},
                    {"interval", Bounds(choice.threshold)},
                    {"sensitivity", Number(choice.sensitivity.estimate)},
                    {"sensitivity_interval", Bounds(choice.sensitivity)},
                    {"specificity", Number(choice.specificity.estimate)},
                    {"specificity_interval", Bounds(choice.specificity)},
                    {"positives", choice.positives},
                    {"negatives", choice.negatives}});
  }
  return json;
}

Json ReliabilityJson(const std::vector<ReliabilityBin>& bins) {
  Json json = Json::array();
  for (const ReliabilityBin& bin : bins) {
    json.push_back({{"lowest_probability", bin.lowest_probability},
                    {"highest_probability", bin.highest_probability},
                    {"films", bin.films},
                    {"mean_probability", bin.mean_probability},
                    {"positive_share", bin.positive_share}});
  }
  return json;
}

Json SubgroupsJson(const std::vector<SubgroupFigures>& subgroups) {
  Json json = Json::array();
  for (const SubgroupFigures& group : subgroups) {
    json.push_back({{"column", CleanUtf8(group.column)},
                    {"value", CleanUtf8(group.value)},
                    {"films", group.films},
                    {"positives", group.positives},
                    {"auc", Estimate(group.auc)},
                    {"interval", Bounds(group.auc)},
                    {"sensitivity", Estimate(group.sensitivity)},
                    {"sensitivity_interval", Bounds(group.sensitivity)},
                    {"specificity", Estimate(group.specificity)},
                    {"specificity_interval", Bounds(group.specificity)},
                    {"accuracy", OrNull(group.accuracy)}});
  }
  return json;
}

Json CorruptionsJson(const std::vector<CorruptionFigures>& corruptions) {
  Json json = Json::array();
  for (const CorruptionFigures& figures : corruptions) {
    json.push_back({{"name", figures.name},
                    {"auc", OrNull(figures.auc)},
                    {"sensitivity", OrNull(figures.sensitivity)},
                    {"specificity", OrNull(figures.specificity)}});
  }
  return json;
}

void AddShortcut(const absl::optional<ShortcutFigures>& shortcut, Json& json) {
  const ShortcutFigures figures = shortcut.value_or(ShortcutFigures());
  json["shortcut_balanced_auc"] = Estimate(figures.balanced_auc);
  json["shortcut_balanced_interval"] = Bounds(figures.balanced_auc);
  json["shortcut_balanced_sensitivity"] = OrNull(figures.balanced_sensitivity);
  json["shortcut_balanced_specificity"] = OrNull(figures.balanced_specificity);
  json["shortcut_balanced_thresholds"] = ThresholdsJson(figures.balanced_thresholds);
  json["shortcut_correlation"] = Json();
  if (figures.correlation.has_value()) {
    json["shortcut_correlation"] = {{"positives", Number(figures.correlation->positives)},
                                    {"negatives", Number(figures.correlation->negatives)},
                                    {"mean", Number(figures.correlation->mean)}};
  }
}

Json NearThreshold(const ScoreEvaluation& scores) {
  Json json = Json::array();
  for (const size_t i : scores.figures.near_threshold) {
    json.push_back(CleanUtf8(scores.films[i].name));
  }
  return json;
}

Json ScoresJson(const ScoreEvaluation& scores) {
  const ScoreFigures& figures = scores.figures;
  Json json = {{"name", scores.name},
               {"version", scores.version},
               {"architecture", scores.architecture},
               {"weights_sha256", scores.weights_sha256},
               {"auc", Estimate(figures.auc)},
               {"interval", Bounds(figures.auc)},
               {"threshold", Number(scores.threshold)},
               {"threshold_interval", Bounds(scores.threshold_interval)},
               {"threshold_set_id", scores.threshold_set_id},
               {"threshold_origin", scores.threshold_origin},
               {"sensitivity", Estimate(figures.sensitivity)},
               {"sensitivity_interval", Bounds(figures.sensitivity)},
               {"specificity", Estimate(figures.specificity)},
               {"specificity_interval", Bounds(figures.specificity)},
               {"accuracy", Estimate(figures.accuracy)},
               {"accuracy_interval", Bounds(figures.accuracy)},
               {"ece", Json()},
               {"ece_noise_floor", Json()}};
  if (figures.calibration_error.has_value()) {
    json["ece"] = Number(figures.calibration_error->error);
    json["ece_noise_floor"] = {{"mean", Number(figures.calibration_error->floor.mean)},
                               {"high", Number(figures.calibration_error->floor.high)}};
  }
  AddShortcut(scores.shortcut, json);
  json["average_precision"] = OrNull(figures.average_precision);
  json["brier_score"] = OrNull(figures.brier_score);
  json["log_loss"] = OrNull(figures.log_loss);
  json["confusion"] = ConfusionJson(figures.confusion);
  json["classification_report"] = ReportJson(figures.report);
  json["reliability"] = ReliabilityJson(figures.reliability);
  json["thresholds"] = ThresholdsJson(figures.thresholds);
  json["films_near_threshold"] = NearThreshold(scores);
  json["subgroups"] = SubgroupsJson(scores.subgroups);
  json["corruptions"] = CorruptionsJson(scores.corruptions);
  json["alarms"] = Texts(scores.alarms);
  return json;
}

Json ModelJson(const ScoreEvaluation& scores) {
  const camnode::model::v1::ModelManifest& manifest = scores.manifest;
  Json json = ScoresJson(scores);
  json["label"] = manifest.reported_label();
  json["input_size"] = manifest.preprocessing().input_size();
  json["weights_precision"] = manifest.weights_precision();
  json["weights_bytes"] = scores.weights_bytes;
  json["calibration"] = Json();
  if (manifest.has_calibration()) {
    json["calibration"] = {{"scale", Number(manifest.calibration().scale())},
                           {"offset", Number(manifest.calibration().offset())}};
  }
  json["age_range"] = Json();
  if (manifest.has_age_range()) {
    json["age_range"] =
        Json::array({manifest.age_range().min_years(), manifest.age_range().max_years()});
  }
  json["population"] = manifest.population();
  json["intended_use"] = manifest.intended_use();
  json["training_data"] = manifest.training_data();
  json["training_data_digest"] = manifest.training_data_digest();
  json["known_limits"] = manifest.known_limits();
  return json;
}

Json ShortcutJson(const absl::optional<ShortcutSection>& section, const std::string& absence) {
  if (!section.has_value()) return {{"absent", CleanUtf8(absence)}};
  return {{"source", section->source},
          {"statistics", section->statistics},
          {"auc", Estimate(section->auc)},
          {"interval", Bounds(section->auc)},
          {"balanced_auc", Number(section->baseline.balanced_auc)},
          {"effective_positives", Number(section->baseline.effective_positives)},
          {"effective_negatives", Number(section->baseline.effective_negatives)}};
}

Json DataJson(const EvaluatedData& data) {
  Json unreadable = Json::array();
  for (const UnreadableFilm& film : data.unreadable) {
    unreadable.push_back({{"name", CleanUtf8(film.name)}, {"reason", CleanUtf8(film.reason)}});
  }
  return {{"path", CleanUtf8(data.path)},
          {"split", CleanUtf8(data.split)},
          {"digest", data.digest},
          {"classes", Texts(data.classes)},
          {"positive_class", CleanUtf8(data.positive_class)},
          {"films", data.films},
          {"positives", data.positives},
          {"patients", data.patients},
          {"patient_rule", CleanUtf8(data.patient_rule)},
          {"duplicates", data.duplicates},
          {"unreadable", unreadable}};
}

Json CircumstancesJson(const Circumstances& c) {
  return {{"program_version", c.program_version},
          {"libtorch_version", c.libtorch_version},
          {"instruction_set", c.instruction_set},
          {"precision", c.precision},
          {"batch", c.batch},
          {"threads", c.threads},
          {"seed", c.seed},
          {"bootstrap_rounds", c.bootstrap_rounds}};
}

Json FilmsJson(const EvaluationResult& result) {
  Json films = Json::array();
  for (size_t i = 0; i < result.films.size(); ++i) {
    const EvaluatedFilm& film = result.films[i];
    Json scores = Json::array();
    for (const ScoreEvaluation& model : result.models) {
      scores.push_back({{"log_odds", Number(model.films[i].logit)},
                        {"probability", Number(model.films[i].probability)}});
    }
    Json json = {{"name", CleanUtf8(film.name)},
                 {"patient", CleanUtf8(film.patient)},
                 {"positive", film.positive},
                 {"models", std::move(scores)}};
    if (result.mean.has_value()) {
      json["mean_probability"] = Number(result.mean->films[i].probability);
    }
    if (result.shortcut.has_value()) {
      json["shortcut_log_odds"] = Number(result.shortcut->baseline.logits[i]);
      json["shortcut_weight"] = Number(result.shortcut->baseline.weights[i]);
    }
    films.push_back(std::move(json));
  }
  return films;
}

Json OutOfFoldJson(const std::vector<OutOfFoldEvaluation>& evaluations) {
  Json all = Json::array();
  for (const OutOfFoldEvaluation& evaluation : evaluations) {
    Json json = ScoresJson(evaluation.scores);
    json["films"] = evaluation.scores.films.size();
    json["folds"] = evaluation.folds;
    json["files"] = Texts(evaluation.files);
    json["shortcut"] = ShortcutJson(evaluation.shortcut, evaluation.shortcut_absence);
    all.push_back(std::move(json));
  }
  return all;
}

Json RunsJson(const std::vector<TrainingRun>& runs) {
  Json all = Json::array();
  for (const TrainingRun& run : runs) {
    Json curves = Json::array();
    for (const CurvePoint& point : run.curves) {
      curves.push_back({{"epoch", point.epoch},
                        {"stage", point.stage},
                        {"image_size", point.image_size},
                        {"train_loss", OrNull(point.train_loss)},
                        {"train_accuracy", OrNull(point.train_accuracy)},
                        {"held_out_loss", OrNull(point.held_out_loss)},
                        {"held_out_accuracy", OrNull(point.held_out_accuracy)},
                        {"held_out_auc", OrNull(point.held_out_auc)}});
    }
    all.push_back({{"name", CleanUtf8(run.name)},
                   {"model", run.recipe.manifest().name()},
                   {"architecture", run.recipe.manifest().architecture()},
                   {"curves", std::move(curves)}});
  }
  return all;
}

}  // namespace

std::string FormatReportJson(const EvaluationResult& result) {
  Json json = {{"schema", kReportSchema},
               {"notice", "Research only, not for diagnosis."},
               {"program", CircumstancesJson(result.circumstances)},
               {"data", DataJson(result.data)},
               {"models", Json::array()},
               {"mean", Json()}};
  for (const ScoreEvaluation& model : result.models) json["models"].push_back(ModelJson(model));
  if (result.mean.has_value()) json["mean"] = ScoresJson(*result.mean);
  json["alarms"] = Texts(result.alarms);
  json["comparisons"] = Json::array();
  for (const Comparison& comparison : result.comparisons) {
    json["comparisons"].push_back({{"first", comparison.first},
                                   {"second", comparison.second},
                                   {"auc_difference", Number(comparison.auc_difference.estimate)},
                                   {"interval", Bounds(comparison.auc_difference)}});
  }
  json["shortcut"] = ShortcutJson(result.shortcut, result.shortcut_absence);
  json["out_of_fold"] = OutOfFoldJson(result.out_of_fold);
  json["runs"] = RunsJson(result.runs);
  json["explanations"] = Json();
  if (result.explanations.has_value()) {
    json["explanations"] = ExplanationsJson(*result.explanations);
  }
  json["films"] = FilmsJson(result);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace camnode
