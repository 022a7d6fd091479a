#include "core/training/report/sections.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/training/evaluation/words.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/figures/thresholds.h"
#include "core/training/report/plots.h"
#include "core/training/train/run_curves.h"

namespace camnode {
namespace {

// A report that lists thousands of films is not read.
constexpr size_t kMaxListed = 50;

void AddThresholds(const std::vector<NamedThreshold>& thresholds, const std::string& caption,
                   HtmlPage& page) {
  if (thresholds.empty()) return;
  HtmlTable table;
  table.caption = caption;
  table.columns = {"rule", "threshold", "sensitivity there", "specificity there"};
  for (const NamedThreshold& threshold : thresholds) {
    const ThresholdChoice& choice = threshold.choice;
    table.rows.push_back({threshold.rule, WithInterval(choice.threshold, 4),
                          WithInterval(choice.sensitivity), WithInterval(choice.specificity)});
  }
  page.Table(table);
}

std::string Films(double count) { return absl::StrFormat("%.0f", count); }

void AddConfusion(const ScoreEvaluation& scores, const EvaluatedData& data, HtmlPage& page) {
  const Confusion& c = scores.figures.confusion;
  HtmlTable table;
  table.caption = absl::StrFormat("Confusion matrix at the threshold %.4f", scores.threshold);
  table.columns = {"", "called positive", "called negative"};
  table.rows = {{absl::StrCat("labelled ", data.positive_class), Films(c.true_positives),
                 Films(c.false_negatives)},
                {"labelled otherwise", Films(c.false_positives), Films(c.true_negatives)}};
  page.Table(table);
}

void AddClassificationReport(const ScoreEvaluation& scores, const EvaluatedData& data,
                             HtmlPage& page) {
  const ClassificationReport& report = scores.figures.report;
  HtmlTable table;
  table.caption = "Classification report";
  table.columns = {"class", "precision", "recall", "F1", "films"};
  const auto add = [&table](const std::string& name, const ClassFigures& figures) {
    table.rows.push_back({name, InDigits(figures.precision), InDigits(figures.recall),
                          InDigits(figures.f1), Films(figures.support)});
  };
  add(data.positive_class, report.positive);
  add("otherwise", report.negative);
  add("mean of the classes", report.macro);
  add("mean of the films", report.weighted);
  table.rows.push_back(
      {"accuracy", "", "", InDigits(report.accuracy), Films(report.macro.support)});
  page.Table(table);
}

void AddSubgroups(const std::vector<SubgroupFigures>& subgroups, HtmlPage& page) {
  if (subgroups.empty()) return;
  HtmlTable table;
  table.caption = "Subgroups, at the same threshold";
  table.columns = {"group",       "films",       "with the finding", "AUC",
                   "sensitivity", "specificity", "accuracy"};
  for (const SubgroupFigures& group : subgroups) {
    table.rows.push_back(
        {absl::StrCat(group.column, ": ", group.value.empty() ? "(none)" : group.value),
         absl::StrCat(group.films), absl::StrCat(group.positives), WithInterval(group.auc),
         WithInterval(group.sensitivity), WithInterval(group.specificity),
         InDigits(group.accuracy)});
  }
  page.Table(table);
}

void AddNearThreshold(const ScoreEvaluation& scores, HtmlPage& page) {
  const std::vector<size_t>& near = scores.figures.near_threshold;
  if (near.empty()) {
    page.Note("No film is within 1e-4 of the threshold.");
    return;
  }
  page.Paragraph(absl::StrFormat(
      "%s within 1e-4 of the threshold: another machine may call them otherwise.",
      near.size() == 1 ? "1 film is" : absl::StrFormat("%d films are", near.size())));
  std::vector<std::string> items;
  for (size_t i = 0; i < std::min(near.size(), kMaxListed); ++i) {
    items.push_back(
        absl::StrFormat("%s: %.6f", scores.films[near[i]].name, scores.films[near[i]].probability));
  }
  if (near.size() > kMaxListed) items.push_back("... and more, in report.json");
  page.List(items);
}

void AddCalibration(const ScoreFigures& figures, HtmlPage& page) {
  std::vector<std::string> words;
  if (figures.calibration_error.has_value()) {
    const CalibrationError& error = *figures.calibration_error;
    words.push_back(absl::StrFormat(
        "Calibration error %.3f; perfect probabilities would show %.3f on average and up to %.3f "
        "at this number of films: %s.",
        error.error, error.floor.mean, error.floor.high,
        error.error > error.floor.high ? "these are not calibrated for these films"
                                       : "no evidence of bad calibration"));
  }
  if (figures.brier_score.has_value()) {
    words.push_back(absl::StrCat("Brier score ", InDigits(figures.brier_score), "."));
  }
  if (figures.log_loss.has_value()) {
    words.push_back(absl::StrCat("Log loss ", InDigits(figures.log_loss), "."));
  }
  if (figures.average_precision.has_value()) {
    words.push_back(absl::StrCat("Average precision ", InDigits(figures.average_precision), "."));
  }
  if (!words.empty()) page.Paragraph(absl::StrJoin(words, " "));
}

// A row for each set of scores: what the shortcut is worth, and what is left without it.
std::vector<std::string> ShortcutRow(const ScoreEvaluation& scores) {
  const ShortcutFigures& figures = *scores.shortcut;
  std::vector<std::string> row = {
      scores.label, WithInterval(scores.figures.auc), WithInterval(figures.balanced_auc),
      InDigits(figures.balanced_sensitivity), InDigits(figures.balanced_specificity)};
  if (figures.correlation.has_value()) {
    row.push_back(InDigits(figures.correlation->positives, 2));
    row.push_back(InDigits(figures.correlation->negatives, 2));
  } else {
    row.insert(row.end(), 2, kNoNumber);
  }
  return row;
}

void AddShortcutTable(const std::vector<const ScoreEvaluation*>& all,
                      const ShortcutSection& section, HtmlPage& page) {
  HtmlTable table;
  table.columns = {"scores",
                   "AUC",
                   "balanced AUC",
                   "balanced sensitivity",
                   "balanced specificity",
                   "correlation with the baseline, films with the finding",
                   "films without"};
  table.rows.push_back({"shortcut baseline", WithInterval(section.auc),
                        InDigits(section.baseline.balanced_auc), "", "", "1.00", "1.00"});
  for (const ScoreEvaluation* scores : all) {
    if (scores->shortcut.has_value()) table.rows.push_back(ShortcutRow(*scores));
  }
  page.Table(table);
  page.Note(absl::StrFormat(
      "The weights leave as much information as %.0f films with the finding and %.0f without would "
      "hold. A balanced AUC of 0.5 for the baseline would mean that nothing of the shortcut is "
      "left. The correlation is of log odds within a class: 0 for a network that has nothing to do "
      "with the shortcut.",
      section.baseline.effective_positives, section.baseline.effective_negatives));
}

}  // namespace

void AddShortcut(const EvaluationResult& result, HtmlPage& page) {
  page.Heading(2, "The shortcut");
  page.Paragraph(
      "Films of different classes often come from different devices or habits, and brightness, "
      "sharpness and borders then tell the label without a look at the lungs. This baseline knows "
      "nothing else.");
  if (!result.shortcut.has_value()) {
    page.Paragraph(absl::StrCat("Not measured: ", result.shortcut_absence, "."));
    return;
  }
  page.Paragraph(result.shortcut->source);
  std::vector<const ScoreEvaluation*> all;
  for (const ScoreEvaluation& model : result.models) all.push_back(&model);
  if (result.mean.has_value()) all.push_back(&*result.mean);
  AddShortcutTable(all, *result.shortcut, page);
  page.BeginDetails("The statistics it knows");
  page.Paragraph(absl::StrJoin(result.shortcut->statistics, ", "));
  page.EndDetails();
}

void AddCorruptions(const EvaluationResult& result, HtmlPage& page) {
  if (result.models.front().corruptions.empty()) return;
  page.Heading(2, "Changed pictures");
  page.Paragraph(
      "The same films as other devices might have made them, by a fixed suite: the AUC, and in "
      "brackets sensitivity and specificity at the threshold. A network that leans on sharpness, "
      "brightness or shape loses here.");
  std::vector<const ScoreEvaluation*> all;
  for (const ScoreEvaluation& model : result.models) all.push_back(&model);
  if (result.mean.has_value()) all.push_back(&*result.mean);
  HtmlTable table;
  table.columns = {"change"};
  for (const ScoreEvaluation* scores : all) table.columns.push_back(scores->label);
  for (size_t i = 0; i < all.front()->corruptions.size(); ++i) {
    std::vector<std::string> row = {all.front()->corruptions[i].name};
    for (const ScoreEvaluation* scores : all) {
      const CorruptionFigures& figures = scores->corruptions[i];
      row.push_back(absl::StrFormat("%s\n(%s, %s)", InDigits(figures.auc),
                                    InDigits(figures.sensitivity), InDigits(figures.specificity)));
    }
    table.rows.push_back(std::move(row));
  }
  page.Table(table);
}

void AddOutOfFold(const EvaluationResult& result, HtmlPage& page) {
  if (result.out_of_fold.empty()) return;
  page.Heading(2, "Out of fold");
  page.Paragraph(
      "Training films, each scored by a network that had not seen its patient, pooled over the "
      "folds. Recipes are chosen by the balanced AUC here.");
  for (const OutOfFoldEvaluation& folds : result.out_of_fold) {
    page.Heading(3, folds.scores.label);
    page.Paragraph(absl::StrFormat(
        "%s, %s (%s).", Count(static_cast<int>(folds.scores.films.size()), "film", "films"),
        Count(folds.folds, "fold", "folds"), absl::StrJoin(folds.files, ", ")));
    page.Paragraph(absl::StrCat("AUC ", WithInterval(folds.scores.figures.auc), "."));
    if (folds.shortcut.has_value()) {
      AddShortcutTable({&folds.scores}, *folds.shortcut, page);
    } else {
      page.Paragraph(absl::StrCat("No balanced figures: ", folds.shortcut_absence, "."));
    }
    AddThresholds(folds.scores.figures.thresholds, "Thresholds", page);
    if (folds.scores.shortcut.has_value()) {
      AddThresholds(folds.scores.shortcut->balanced_thresholds,
                    "Thresholds of shortcut-balanced films", page);
    }
    page.Plots({CalibrationPlot(folds.scores), HistogramPlot(folds.scores)});
  }
}

void AddRuns(const EvaluationResult& result, HtmlPage& page) {
  if (result.runs.empty()) return;
  page.Heading(2, "How they were trained");
  for (const TrainingRun& run : result.runs) {
    page.Heading(3, run.name);
    const auto& manifest = run.recipe.manifest();
    std::vector<std::string> stages;
    for (const auto& stage : run.recipe.stages()) {
      stages.push_back(absl::StrFormat("%d epochs at %d pixels, batches of %d, rate %g",
                                       stage.epochs(), stage.image_size(), stage.batch_size(),
                                       stage.learning_rate()));
    }
    page.Paragraph(absl::StrFormat("%s (%s), seed %d: %s.", manifest.name(),
                                   manifest.architecture(), run.recipe.seed(),
                                   absl::StrJoin(stages, "; then ")));
    if (!run.curves.empty()) page.Plots({LossPlot(run), AccuracyPlot(run)});
  }
}

void AddScores(const ScoreEvaluation& scores, const EvaluatedData& data, HtmlPage& page) {
  page.Heading(
      3, scores.version.empty() ? scores.label : absl::StrCat(scores.name, "/", scores.version));
  page.Note(absl::StrCat("Threshold ", InDigits(scores.threshold, 4), ", from ",
                         scores.threshold_origin, "."));
  AddConfusion(scores, data, page);
  AddClassificationReport(scores, data, page);
  AddCalibration(scores.figures, page);
  page.Plots({HistogramPlot(scores), CalibrationPlot(scores), ThresholdPlot(scores)});
  AddThresholds(scores.figures.thresholds,
                "Thresholds that rules would choose on these films (for comparison; they flatter)",
                page);
  if (scores.shortcut.has_value()) {
    AddThresholds(scores.shortcut->balanced_thresholds, "The same on shortcut-balanced films",
                  page);
  }
  AddSubgroups(scores.subgroups, page);
  AddNearThreshold(scores, page);
}

}  // namespace camnode
