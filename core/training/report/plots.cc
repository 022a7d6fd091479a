#include "core/training/report/plots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/training/figures/calibration.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/report/svg_plot.h"
#include "core/training/train/curves.h"
#include "core/training/train/run_curves.h"

namespace camnode {
namespace {

// Three stand side by side on a page.
constexpr int kSquareWidth = 376;
constexpr int kSquareHeight = 380;
constexpr double kCorner = 0.25;
constexpr int kHistogramBins = 20;
// Steps of a curve that are shorter than this share of the axis are not seen.
constexpr double kVisible = 0.0015;

PlotSeries Diagonal(std::string name) {
  PlotSeries series;
  series.name = std::move(name);
  series.colour = -1;
  series.points = {{0.0, 0.0}, {1.0, 1.0}};
  return series;
}

// The points without those that lie on the last one kept, as far as can be seen.
std::vector<PlotPoint> Thin(const std::vector<PlotPoint>& points) {
  std::vector<PlotPoint> kept;
  for (size_t i = 0; i < points.size(); ++i) {
    const bool moved = kept.empty() || std::abs(points[i].x - kept.back().x) >= kVisible ||
                       std::abs(points[i].y - kept.back().y) >= kVisible;
    if (moved || i + 1 == points.size()) kept.push_back(points[i]);
  }
  return kept;
}

PlotSeries VerticalLine(double x, double top, std::string name) {
  PlotSeries series;
  series.name = std::move(name);
  series.colour = -1;
  series.points = {{x, 0.0}, {x, top}};
  return series;
}

Plot UnitPlot(std::string title, std::string x_name, std::string y_name) {
  Plot plot;
  plot.title = std::move(title);
  plot.x_name = std::move(x_name);
  plot.y_name = std::move(y_name);
  plot.x_range = PlotRange{0.0, 1.0};
  plot.y_range = PlotRange{0.0, 1.0};
  plot.width_pixels = kSquareWidth;
  plot.height_pixels = kSquareHeight;
  return plot;
}

std::string AucName(const ScoreEvaluation& scores) {
  if (!scores.figures.auc.has_value()) return scores.label;
  return absl::StrFormat("%s (%.3f)", scores.label, scores.figures.auc->estimate);
}

PlotSeries Curve(const TrainingRun& run, const std::string& name, int colour,
                 absl::optional<double> CurvePoint::*value) {
  PlotSeries series;
  series.name = name;
  series.colour = colour;
  for (const CurvePoint& point : run.curves) {
    if ((point.*value).has_value()) {
      series.points.push_back({static_cast<double>(point.epoch), *(point.*value)});
    }
  }
  return series;
}

}  // namespace

namespace {

Plot MakeRocPlot(const ScorePointers& scores, std::string title) {
  Plot plot = UnitPlot(std::move(title), "1 - specificity", "sensitivity");
  plot.series.push_back(Diagonal("chance"));
  PlotSeries at_threshold;
  at_threshold.name = "at the threshold";
  at_threshold.mark = PlotMark::kPoints;
  at_threshold.colour = -1;
  for (size_t i = 0; i < scores.size(); ++i) {
    PlotSeries series;
    series.name = AucName(*scores[i]);
    series.colour = static_cast<int>(i);
    for (const RocPoint& point : scores[i]->figures.roc) {
      series.points.push_back({point.false_positive_rate, point.true_positive_rate});
    }
    series.points = Thin(series.points);
    plot.series.push_back(std::move(series));
    const ScoreFigures& figures = scores[i]->figures;
    if (figures.sensitivity.has_value() && figures.specificity.has_value()) {
      at_threshold.points.push_back(
          {1.0 - figures.specificity->estimate, figures.sensitivity->estimate});
    }
  }
  plot.series.push_back(std::move(at_threshold));
  return plot;
}

}  // namespace

std::string RocPlot(const ScorePointers& scores) {
  return RenderSvg(MakeRocPlot(scores, "ROC: sensitivity against false alarms"));
}

std::string RocCornerPlot(const ScorePointers& scores) {
  Plot plot = MakeRocPlot(scores, "Its upper left corner");
  plot.x_range = PlotRange{0.0, kCorner};
  plot.y_range = PlotRange{1.0 - kCorner, 1.0};
  return RenderSvg(plot);
}

std::string PrecisionRecallPlot(const ScorePointers& scores) {
  Plot plot = UnitPlot("Precision and recall", "recall (sensitivity)", "precision");
  for (size_t i = 0; i < scores.size(); ++i) {
    PlotSeries series;
    series.name = scores[i]->label;
    if (scores[i]->figures.average_precision.has_value()) {
      series.name =
          absl::StrFormat("%s (%.3f)", series.name, *scores[i]->figures.average_precision);
    }
    series.colour = static_cast<int>(i);
    for (const PrecisionRecallPoint& point : scores[i]->figures.precision_recall) {
      series.points.push_back({point.recall, point.precision});
    }
    series.points = Thin(series.points);
    plot.series.push_back(std::move(series));
  }
  return RenderSvg(plot);
}

std::string AucPlot(const ScorePointers& scores, const absl::optional<ShortcutSection>& shortcut) {
  // Side by side where there are two of each.
  const double apart = shortcut.has_value() ? 0.12 : 0.0;
  Plot plot;
  plot.title = "Area under the ROC curve, 95 % intervals";
  plot.y_name = "AUC";
  plot.width_pixels = std::max(kSquareWidth, 150 + 130 * static_cast<int>(scores.size() + 1));
  PlotSeries plain;
  plain.name = "as they are";
  plain.mark = PlotMark::kPoints;
  PlotSeries balanced = plain;
  balanced.name = "shortcut-balanced";
  balanced.colour = 1;
  const auto add = [](PlotSeries& series, double x, const absl::optional<Interval>& interval) {
    if (!interval.has_value()) return;
    series.points.push_back({x, interval->estimate});
    series.ranges.push_back({interval->low, interval->high});
  };
  for (size_t i = 0; i < scores.size(); ++i) {
    plot.x_categories.push_back(scores[i]->label);
    const double x = static_cast<double>(i);
    add(plain, x - apart, scores[i]->figures.auc);
    if (scores[i]->shortcut.has_value())
      add(balanced, x + apart, scores[i]->shortcut->balanced_auc);
  }
  if (shortcut.has_value()) {
    const double x = static_cast<double>(scores.size());
    plot.x_categories.push_back("shortcut baseline");
    add(plain, x - apart, shortcut->auc);
    balanced.points.push_back({x + apart, shortcut->baseline.balanced_auc});
    balanced.ranges.push_back({shortcut->baseline.balanced_auc, shortcut->baseline.balanced_auc});
  }
  plot.series.push_back(std::move(plain));
  if (!balanced.points.empty()) plot.series.push_back(std::move(balanced));
  return RenderSvg(plot);
}

std::string CalibrationPlot(const ScoreEvaluation& scores) {
  Plot plot =
      UnitPlot("Calibration", "mean probability of the films", "share of them with the finding");
  plot.series.push_back(Diagonal("perfect"));
  PlotSeries series;
  series.name = "tenths of the films";
  for (const ReliabilityBin& bin : scores.figures.reliability) {
    // Wilson 1927: holds at shares of 0 and 1, too.
    constexpr double kZ = 1.959964;
    const double n = bin.films;
    const double middle = (bin.positive_share + kZ * kZ / (2 * n)) / (1 + kZ * kZ / n);
    const double half =
        kZ / (1 + kZ * kZ / n) *
        std::sqrt(bin.positive_share * (1 - bin.positive_share) / n + kZ * kZ / (4 * n * n));
    series.points.push_back({bin.mean_probability, bin.positive_share});
    series.ranges.push_back({std::max(0.0, middle - half), std::min(1.0, middle + half)});
  }
  PlotSeries line = series;
  line.name.clear();
  line.ranges.clear();
  series.mark = PlotMark::kPoints;
  plot.series.push_back(std::move(line));
  plot.series.push_back(std::move(series));
  return RenderSvg(plot);
}

std::string HistogramPlot(const ScoreEvaluation& scores) {
  std::array<std::array<double, kHistogramBins>, 2> counts{};
  double top = 1.0;
  for (const ScoredFilm& film : scores.films) {
    const int bin =
        std::min(static_cast<int>(film.probability * kHistogramBins), kHistogramBins - 1);
    double& count = counts[film.positive ? 1 : 0][static_cast<size_t>(bin)];
    top = std::max(top, ++count);
  }
  Plot plot = UnitPlot("Scores by class", "calibrated probability", "films");
  plot.y_range.reset();
  for (const bool positive : {false, true}) {
    PlotSeries series;
    series.name = positive ? "with the finding" : "without";
    series.mark = PlotMark::kBars;
    series.colour = positive ? 1 : 0;
    series.bar_width = 1.0 / kHistogramBins;
    for (int bin = 0; bin < kHistogramBins; ++bin) {
      series.points.push_back({static_cast<double>(bin) / kHistogramBins,
                               counts[positive ? 1 : 0][static_cast<size_t>(bin)]});
    }
    plot.series.push_back(std::move(series));
  }
  plot.series.push_back(VerticalLine(scores.threshold, top, "threshold"));
  return RenderSvg(plot);
}

std::string ThresholdPlot(const ScoreEvaluation& scores) {
  Plot plot = UnitPlot("What another threshold would do", "threshold on the probability", "share");
  std::vector<std::pair<double, bool>> films;
  for (const ScoredFilm& film : scores.films) films.emplace_back(film.probability, film.positive);
  std::sort(films.begin(), films.end());
  double positives = 0.0;
  for (const auto& film : films) positives += film.second ? 1.0 : 0.0;
  const double negatives = static_cast<double>(films.size()) - positives;
  PlotSeries sensitivity;
  sensitivity.name = "sensitivity";
  sensitivity.mark = PlotMark::kSteps;
  sensitivity.colour = 1;
  PlotSeries specificity = sensitivity;
  specificity.name = "specificity";
  specificity.colour = 0;
  double missed = 0.0;
  double cleared = 0.0;
  const auto add = [&](double threshold) {
    if (positives > 0.0) sensitivity.points.push_back({threshold, 1.0 - missed / positives});
    if (negatives > 0.0) specificity.points.push_back({threshold, cleared / negatives});
  };
  add(0.0);
  for (const auto& [probability, positive] : films) {
    (positive ? missed : cleared) += 1.0;
    add(probability);
  }
  add(1.0);
  sensitivity.points = Thin(sensitivity.points);
  specificity.points = Thin(specificity.points);
  plot.series = {std::move(sensitivity), std::move(specificity),
                 VerticalLine(scores.threshold, 1.0, "threshold")};
  return RenderSvg(plot);
}

std::string LossPlot(const TrainingRun& run) {
  Plot plot;
  plot.title = "Loss";
  plot.x_name = "epoch";
  plot.y_name = "loss";
  plot.series = {Curve(run, "training", 0, &CurvePoint::train_loss),
                 Curve(run, "held out", 1, &CurvePoint::held_out_loss)};
  return RenderSvg(plot);
}

std::string AccuracyPlot(const TrainingRun& run) {
  Plot plot;
  plot.title = "Accuracy and AUC";
  plot.x_name = "epoch";
  plot.y_name = "share";
  plot.series = {Curve(run, "accuracy, training", 0, &CurvePoint::train_accuracy),
                 Curve(run, "accuracy, held out", 1, &CurvePoint::held_out_accuracy),
                 Curve(run, "AUC, held out", 2, &CurvePoint::held_out_auc)};
  return RenderSvg(plot);
}

}  // namespace camnode
