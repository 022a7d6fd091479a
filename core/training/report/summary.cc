// The first parts of a report: what was found, on what, and how the models compare.

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/evaluation/words.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/film_scores.h"
#include "core/training/report/html_page.h"
#include "core/training/report/plots.h"
#include "core/training/report/sections.h"

namespace camnode {
namespace {

// Of 1,000, in whole numbers: what a reader can picture.  Of 100, a good network would seem
// to be always right.
std::string OfAThousand(const Interval& share) {
  return absl::StrFormat("%.0f of 1,000 (%.0f to %.0f)", 1000.0 * share.estimate,
                         1000.0 * share.low, 1000.0 * share.high);
}

Interval Complement(const Interval& share) {
  return {1.0 - share.estimate, 1.0 - share.high, 1.0 - share.low};
}

void AddPlainWords(const EvaluationResult& result, HtmlPage& page) {
  const bool together = result.mean.has_value();
  const ScoreEvaluation& scores = together ? *result.mean : result.models.front();
  const EvaluatedData& data = result.data;
  page.Paragraph(absl::StrFormat(
      "%s scored %s of %s%s: %s labelled %s and %d otherwise.",
      together ? absl::StrFormat("%d models", result.models.size()) : scores.label,
      Count(data.films, "film", "films"), Count(data.patients, "patient", "patients"),
      data.split.empty() ? "" : absl::StrCat(" (split ", data.split, ")"),
      Count(data.positives, "film", "films"), data.positive_class, data.films - data.positives));
  const std::string who = together ? "the mean of their probabilities" : scores.label;
  if (scores.figures.auc.has_value()) {
    page.Paragraph(
        absl::StrFormat("Given one film of each kind, %s scores the right one higher in %s cases.",
                        who, OfAThousand(*scores.figures.auc)));
  }
  std::vector<std::string> parts;
  if (scores.figures.sensitivity.has_value()) {
    parts.push_back(absl::StrFormat("finds %s films with %s",
                                    OfAThousand(*scores.figures.sensitivity), data.positive_class));
  }
  if (scores.figures.specificity.has_value()) {
    parts.push_back(absl::StrFormat("calls %s films without it positive, wrongly",
                                    OfAThousand(Complement(*scores.figures.specificity))));
  }
  if (!parts.empty()) {
    page.Paragraph(
        absl::StrFormat("At the threshold %.4f it %s. In brackets: 95 %% intervals, for "
                        "other patients of the same kind.",
                        scores.threshold, absl::StrJoin(parts, ", and ")));
  }
}

std::string Calibration(const ScoreFigures& figures) {
  if (!figures.calibration_error.has_value()) return kNoNumber;
  const CalibrationError& error = *figures.calibration_error;
  return absl::StrFormat("%.3f\n(floor %.3f, at most %.3f)", error.error, error.floor.mean,
                         error.floor.high);
}

std::vector<std::string> SummaryRow(const ScoreEvaluation& scores) {
  const ScoreFigures& figures = scores.figures;
  return {scores.version.empty() ? scores.label : absl::StrCat(scores.name, "/", scores.version),
          CellWithInterval(figures.auc),
          CellWithInterval(figures.sensitivity),
          CellWithInterval(figures.specificity),
          CellWithInterval(figures.accuracy),
          InDigits(scores.threshold, 4),
          Calibration(figures),
          scores.shortcut.has_value() ? CellWithInterval(scores.shortcut->balanced_auc)
                                      : "not measured"};
}

void AddAlarms(const EvaluationResult& result, HtmlPage& page) {
  bool any = !result.alarms.empty();
  for (const std::string& alarm : result.alarms) page.Alarm(alarm);
  const auto add = [&](const ScoreEvaluation& scores) {
    for (const std::string& alarm : scores.alarms) {
      page.Alarm(absl::StrCat("Bias alarm. ", alarm));
      any = true;
    }
  };
  for (const ScoreEvaluation& model : result.models) add(model);
  if (result.mean.has_value()) add(*result.mean);
  for (const OutOfFoldEvaluation& folds : result.out_of_fold) add(folds.scores);
  if (!any) {
    std::vector<std::string> words = {"no model says nearly the same of every film"};
    words.push_back(result.shortcut.has_value()
                        ? "none is beaten by the shortcut baseline"
                        : "whether the shortcut alone would do as well was not measured");
    if (!result.runs.empty()) {
      words.push_back("every training run that was given prepared films as they are served");
    }
    page.Paragraph(absl::StrCat("No bias alarm: ", absl::StrJoin(words, "; "), "."));
  }
}

std::vector<const ScoreEvaluation*> AllScores(const EvaluationResult& result) {
  std::vector<const ScoreEvaluation*> all;
  for (const ScoreEvaluation& model : result.models) all.push_back(&model);
  if (result.mean.has_value()) all.push_back(&*result.mean);
  return all;
}

}  // namespace

void AddSummary(const EvaluationResult& result, HtmlPage& page) {
  page.Heading(2, "Summary");
  AddPlainWords(result, page);
  HtmlTable table;
  table.columns = {"model",    "AUC",       "sensitivity",       "specificity",
                   "accuracy", "threshold", "calibration error", "shortcut-balanced AUC"};
  for (const ScoreEvaluation* scores : AllScores(result)) table.rows.push_back(SummaryRow(*scores));
  page.Table(table);
  if (result.mean.has_value()) {
    page.Note(absl::StrCat("The mean's threshold is from ", result.mean->threshold_origin, "."));
  }
  if (result.data.positives == 0 || result.data.positives == result.data.films) {
    page.Alarm("The films are of one class only: what needs both is not defined.");
  }
  AddAlarms(result, page);
}

void AddCircumstances(const EvaluationResult& result, HtmlPage& page) {
  const EvaluatedData& data = result.data;
  const Circumstances& c = result.circumstances;
  page.Heading(2, "Films, models, machine");
  HtmlTable table;
  table.text_cells = true;
  table.rows = {
      {"data", data.path},
      {"split", data.split.empty() ? "every film" : data.split},
      {"digest of the data (SHA-256)", data.digest},
      {"films", absl::StrFormat("%d: %d %s, %d otherwise; classes: %s", data.films, data.positives,
                                data.positive_class, data.films - data.positives,
                                absl::StrJoin(data.classes, ", "))},
      {"patients", absl::StrFormat("%d (%s)", data.patients, data.patient_rule)},
      {"byte-identical repeats", absl::StrCat(data.duplicates)},
      {"films that could not be read", absl::StrCat(data.unreadable.size())},
      {"program", absl::StrCat("camnode ", c.program_version, ", LibTorch ", c.libtorch_version)},
      {"computed in", absl::StrFormat("%s, batches of %d, %s, %s", c.precision, c.batch,
                                      c.instruction_set, Count(c.threads, "thread", "threads"))},
      {"resampling", absl::StrFormat("%d rounds, by patient, seed %d", c.bootstrap_rounds, c.seed)},
  };
  page.Table(table);
  page.Note(
      "The same films, models, seed, number of threads and instruction set give the same numbers. "
      "Elsewhere the AUC agrees to 1e-4; films close to a threshold are listed with each model.");
  HtmlTable models;
  models.text_cells = true;
  models.columns = {"model", "network", "weights (SHA-256)", "threshold set", "trained on"};
  for (const ScoreEvaluation& model : result.models) {
    models.rows.push_back({absl::StrCat(model.name, "/", model.version), model.architecture,
                           model.weights_sha256, model.threshold_set_id,
                           model.manifest.training_data()});
  }
  page.Table(models);
  if (data.unreadable.empty()) return;
  HtmlTable unreadable;
  unreadable.caption = "Films that could not be read, and count nowhere";
  unreadable.text_cells = true;
  for (const UnreadableFilm& film : data.unreadable) {
    unreadable.rows.push_back({film.name, film.reason});
  }
  page.Table(unreadable);
}

void AddComparison(const EvaluationResult& result, HtmlPage& page) {
  const std::vector<const ScoreEvaluation*> all = AllScores(result);
  page.Heading(2, "The models side by side");
  if (!all[0]->figures.auc.has_value()) {
    // As of the first, so of all: the films are the same.
    return page.Paragraph("Curves need films with the finding and films without it.");
  }
  page.Plots({RocPlot(all), RocCornerPlot(all), PrecisionRecallPlot(all)});
  page.Plots({AucPlot(all, result.shortcut)});
  if (result.comparisons.empty()) return;
  HtmlTable table;
  table.caption = "Differences of the AUC, over the same resampled patients";
  table.columns = {"first", "second", "first less second", "95 % interval excludes 0"};
  for (const Comparison& comparison : result.comparisons) {
    const Interval& difference = comparison.auc_difference;
    table.rows.push_back({comparison.first, comparison.second, WithInterval(difference, 4),
                          difference.low > 0.0 || difference.high < 0.0 ? "yes" : "no"});
  }
  page.Table(table);
}

void AddGlossary(HtmlPage& page) {
  page.Heading(2, "How to read this");
  page.List({
      "AUC: area under the ROC curve, the share of pairs (a film with the finding, a film without) "
      "in which the first scores higher. 0.5 is chance, 1 is perfect; no threshold is involved.",
      "Sensitivity: share of the films with the finding that are called positive. Specificity: "
      "share of the others that are called negative. Both are of the labels of this data set, "
      "which people and their habits made.",
      "Intervals: the middle 95 % of figures recomputed on resampled patients (cluster bootstrap). "
      "They speak of other patients of the same kind and the same devices, not of other hospitals.",
      "Calibration error (ECE): mean distance between the probability and the share of films with "
      "the finding, over tenths of the films. Even perfect probabilities show an error at a finite "
      "number of films: the floor is its mean and its 95th percentile. An error below the latter "
      "is no evidence of bad calibration.",
      "Shortcut-balanced AUC: films are weighted by 1 / p(label | statistics), so that brightness, "
      "sharpness and borders no longer tell the label (inverse probability weighting, Rosenbaum "
      "and Rubin 1983). A network that leans on them loses here.",
      "Thresholds: Youden's J is sensitivity + specificity - 1, taken at the middle of its "
      "plateau. Thresholds chosen on the films of a report flatter the models on the same films; "
      "what ships was chosen on other films.",
  });
}

}  // namespace camnode
