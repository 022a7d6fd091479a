#include "core/training/explanation/map_stability.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <opencv2/imgproc.hpp>

#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/map_comparison.h"
#include "core/inference/maps/resample.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kFourPixels = 4.0 / 224.0;

bool MovesPixels(const FilmChange& change) {
  return change.right != 0.0 || change.down != 0.0 || change.degrees != 0.0 ||
         change.enlarged != 1.0;
}

// Moved() undone: moved = A (point - 1/2) + 1/2 + shift.
cv::Vec2d MovedBack(const cv::Vec2d& moved, const FilmChange& change) {
  const double angle = change.degrees * kPi / 180.0;
  const cv::Vec2d from_middle = moved - cv::Vec2d(0.5 + change.right, 0.5 + change.down);
  const double c = std::cos(angle) / change.enlarged;
  const double s = std::sin(angle) / change.enlarged;
  return {c * from_middle[0] + s * from_middle[1] + 0.5,
          -s * from_middle[0] + c * from_middle[1] + 0.5};
}

// Each pixel of the result is read where it came from.
void MovePixels(cv::Mat1f& channel, const FilmChange& change) {
  cv::Mat1f x(channel.size());
  cv::Mat1f y(channel.size());
  for (int row = 0; row < channel.rows; ++row) {
    for (int column = 0; column < channel.cols; ++column) {
      const cv::Vec2d from =
          MovedBack({(column + 0.5) / channel.cols, (row + 0.5) / channel.rows}, change);
      x(row, column) = static_cast<float>(from[0] * channel.cols - 0.5);
      y(row, column) = static_cast<float>(from[1] * channel.rows - 0.5);
    }
  }
  cv::remap(channel.clone(), channel, x, y, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
}

// contrast (v - mean) + mean + brighter deviation.
void ChangeValues(cv::Mat1f& channel, const FilmChange& change) {
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(channel, mean, deviation);
  channel.convertTo(channel, -1, change.contrast,
                    mean[0] * (1.0 - change.contrast) + change.brighter * deviation[0]);
}

cv::Vec2d PeakOf(const cv::Mat1f& map) {
  cv::Point place;
  cv::minMaxLoc(map, nullptr, nullptr, nullptr, &place);
  return {(place.x + 0.5) / map.cols, (place.y + 0.5) / map.rows};
}

// Spearman's, of each old cell with the new map where that cell has gone; over the cells of
// `before` that are still on the film.
double CorrelationCarriedBack(const cv::Mat1f& before, const cv::Mat1f& after,
                              const FilmChange& change) {
  std::vector<double> old_values;
  std::vector<double> new_values;
  for (int row = 0; row < before.rows; ++row) {
    for (int column = 0; column < before.cols; ++column) {
      const cv::Vec2d place =
          Moved({(column + 0.5) / before.cols, (row + 0.5) / before.rows}, change);
      if (place[0] < 0.0 || place[0] > 1.0 || place[1] < 0.0 || place[1] > 1.0) continue;
      old_values.push_back(static_cast<double>(before(row, column)));
      new_values.push_back(ValueAt(after, place[0] * after.cols, place[1] * after.rows));
    }
  }
  return RankCorrelation(old_values, new_values);
}

}  // namespace

std::vector<FilmChange> SmallChanges() {
  std::vector<FilmChange> changes(6);
  changes[0].name = "4 px of 224 to the right";
  changes[0].right = kFourPixels;
  changes[1].name = "4 px of 224 down";
  changes[1].down = kFourPixels;
  changes[2].name = "turned by 3 degrees";
  changes[2].degrees = 3.0;
  changes[3].name = "4 % larger";
  changes[3].enlarged = 1.04;
  changes[4].name = "brighter by 0.1 deviations";
  changes[4].brighter = 0.1;
  changes[5].name = "10 % more contrast";
  changes[5].contrast = 1.1;
  return changes;
}

// A (point - 1/2) + 1/2 + shift, A = enlarged (cos, -sin; sin, cos).
cv::Vec2d Moved(const cv::Vec2d& point, const FilmChange& change) {
  const double angle = change.degrees * kPi / 180.0;
  const cv::Vec2d from_middle = point - cv::Vec2d(0.5, 0.5);
  const double c = std::cos(angle) * change.enlarged;
  const double s = std::sin(angle) * change.enlarged;
  return {c * from_middle[0] - s * from_middle[1] + 0.5 + change.right,
          s * from_middle[0] + c * from_middle[1] + 0.5 + change.down};
}

ClassifierInput Changed(const ClassifierInput& input, const FilmChange& change) {
  ClassifierInput changed = input;
  const int side = static_cast<int>(input.side);
  const size_t plane = static_cast<size_t>(side) * static_cast<size_t>(side);
  for (size_t first = 0; first + plane <= changed.image.size(); first += plane) {
    cv::Mat1f channel(side, side, &changed.image[first]);
    if (MovesPixels(change)) MovePixels(channel, change);
    ChangeValues(channel, change);
  }
  return changed;
}

absl::StatusOr<std::vector<MapStability>> MeasureStability(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs,
    const std::vector<ModelResult>& results, uint64_t seed) {
  std::vector<MapStability> rows;
  for (const FilmChange& change : SmallChanges()) {
    std::vector<double> correlations;
    std::vector<double> peaks;
    std::vector<double> logits;
    constexpr size_t kAtOnce = 8;  // Films: what is held in memory.
    for (size_t first = 0; first < inputs.size(); first += kAtOnce) {
      std::vector<ClassifierInput> changed;
      for (size_t i = first; i < std::min(first + kAtOnce, inputs.size()); ++i) {
        changed.push_back(Changed(inputs[i], change));
      }
      CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelResult> after, model.Classify(changed));
      for (size_t i = 0; i < after.size(); ++i) {
        const ModelResult& before = results[first + i];
        logits.push_back(std::abs(static_cast<double>(after[i].finding.logit) -
                                  static_cast<double>(before.finding.logit)));
        const cv::Mat1f& old_map = before.heatmap.values;
        const cv::Mat1f& new_map = after[i].heatmap.values;
        correlations.push_back(CorrelationCarriedBack(old_map, new_map, change));
        if (!(before.heatmap.peak > 0.0f) || !(after[i].heatmap.peak > 0.0f)) continue;
        peaks.push_back(cv::norm(PeakOf(old_map) - MovedBack(PeakOf(new_map), change)));
      }
    }
    rows.push_back({change.name, MeanWithInterval(correlations, seed),
                    MeanWithInterval(peaks, seed), MeanWithInterval(logits, seed)});
  }
  return rows;
}

}  // namespace camnode
