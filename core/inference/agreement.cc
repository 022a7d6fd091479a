#include "core/inference/agreement.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

#include "absl/strings/str_format.h"

namespace camnode {
namespace {

// Three maps of three different positive films overlap by 0.24 in the median and by
// more than 0.44 in one of twenty draws (README.md, "Agreement"): what is called the
// same area lies above that chance.
constexpr double kSameArea = 0.45;
constexpr double kPartlySameArea = 0.25;

constexpr double kRegionMass = 0.5;

// One map with mass, scaled to sum 1, and where its centre lies in film widths.
struct Evidence {
  cv::Mat1d mass;
  cv::Point2d centre;
};

double Sum(const cv::Mat1d& values) { return std::accumulate(values.begin(), values.end(), 0.0); }

// Bilinear with half-cell centres, edges repeated.
cv::Mat1d Resample(const cv::Mat1f& map, cv::Size grid) {
  cv::Mat1d result(grid);
  const auto at = [&map](int row, int column) {
    return static_cast<double>(
        map(std::clamp(row, 0, map.rows - 1), std::clamp(column, 0, map.cols - 1)));
  };
  for (int row = 0; row < grid.height; ++row) {
    const double y = (row + 0.5) * map.rows / grid.height - 0.5;
    const int top = static_cast<int>(std::floor(y));
    for (int column = 0; column < grid.width; ++column) {
      const double x = (column + 0.5) * map.cols / grid.width - 0.5;
      const int left = static_cast<int>(std::floor(x));
      const double right_share = x - left;
      const double bottom_share = y - top;
      result(row, column) =
          (1 - bottom_share) *
              ((1 - right_share) * at(top, left) + right_share * at(top, left + 1)) +
          bottom_share *
              ((1 - right_share) * at(top + 1, left) + right_share * at(top + 1, left + 1));
    }
  }
  return result;
}

cv::Point2d CentreInFilmWidths(const cv::Mat1d& mass, const Placement& placement) {
  cv::Point2d centre(0, 0);
  for (int row = 0; row < mass.rows; ++row) {
    for (int column = 0; column < mass.cols; ++column) {
      centre.x += mass(row, column) * (column + 0.5) / mass.cols;
      centre.y += mass(row, column) * (row + 0.5) / mass.rows;
    }
  }
  const cv::Rect2d& region = placement.region;
  const double film_width = std::max(1, placement.film.width);
  return {(region.x + centre.x * region.width) / film_width,
          (region.y + centre.y * region.height) / film_width};
}

// The fewest cells that together hold half of the mass; of equal cells the first.
std::vector<bool> HalfMassRegion(const cv::Mat1d& mass) {
  const std::vector<double> cells(mass.begin(), mass.end());
  std::vector<size_t> order(cells.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&cells](size_t a, size_t b) { return cells[a] > cells[b]; });
  std::vector<bool> region(cells.size(), false);
  double held = 0.0;
  for (const size_t cell : order) {
    region[cell] = true;
    held += cells[cell];
    if (held >= kRegionMass) break;
  }
  return region;
}

double Overlap(const cv::Mat1d& a, const cv::Mat1d& b) {
  const std::vector<bool> in_a = HalfMassRegion(a);
  const std::vector<bool> in_b = HalfMassRegion(b);
  int both = 0;
  int either = 0;
  for (size_t cell = 0; cell < in_a.size(); ++cell) {
    both += in_a[cell] && in_b[cell];
    either += in_a[cell] || in_b[cell];
  }
  return static_cast<double>(both) / either;
}

// From 1 for the smallest; equal cells share the mean of their ranks.
std::vector<double> Ranks(const cv::Mat1d& mass) {
  const std::vector<double> cells(mass.begin(), mass.end());
  std::vector<size_t> order(cells.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&cells](size_t a, size_t b) { return cells[a] < cells[b]; });
  std::vector<double> ranks(cells.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last + 1 < order.size() && cells[order[last + 1]] == cells[order[first]]) ++last;
    const double mean_rank = static_cast<double>(first + last) / 2.0 + 1.0;
    for (size_t i = first; i <= last; ++i) ranks[order[i]] = mean_rank;
    first = last + 1;
  }
  return ranks;
}

// Pearson's correlation of the ranks; 0 where all cells of a map are equal.
double RankCorrelation(const cv::Mat1d& a, const cv::Mat1d& b) {
  const std::vector<double> x = Ranks(a);
  const std::vector<double> y = Ranks(b);
  const double mean = (static_cast<double>(x.size()) + 1.0) / 2.0;
  double xy = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0.0 && yy > 0.0 ? xy / std::sqrt(xx * yy) : 0.0;
}

// The maps that hold any mass, all on the largest grid among them.
std::vector<Evidence> CollectEvidence(const std::vector<ModelResult>& results) {
  std::vector<const ModelResult*> with_mass;
  cv::Size grid;
  for (const ModelResult& result : results) {
    if (result.heatmap.values.empty() || !(result.heatmap.peak > 0.0f)) continue;
    with_mass.push_back(&result);
    if (result.heatmap.values.size().area() > grid.area()) grid = result.heatmap.values.size();
  }
  std::vector<Evidence> evidence;
  for (const ModelResult* result : with_mass) {
    Evidence one;
    one.mass = Resample(result->heatmap.values, grid);
    const double sum = Sum(one.mass);
    for (double& cell : one.mass) cell /= sum;
    one.centre = CentreInFilmWidths(one.mass, result->placement);
    evidence.push_back(one);
  }
  return evidence;
}

std::string NumberWord(int number) {
  constexpr const char* kWords[] = {"no", "one", "two", "three", "four", "five"};
  return number >= 0 && number <= 5 ? kWords[number] : absl::StrFormat("%d", number);
}

std::string NothingToCompare(int with_evidence, size_t models) {
  if (models < 2) return "Only one model ran: there is no other map to compare.";
  if (with_evidence == 0) return "No model found evidence for the finding: no maps to compare.";
  return "Only one model found evidence for the finding: there is no other map to compare.";
}

std::string Sentence(const Agreement& agreement, size_t models) {
  const std::string subject =
      agreement.models == static_cast<int>(models)
          ? absl::StrFormat("The %s models", NumberWord(agreement.models))
          : absl::StrFormat("The %s of %s models that found evidence", NumberWord(agreement.models),
                            NumberWord(static_cast<int>(models)));
  const char* verb = agreement.overlap >= kSameArea         ? "used the same area"
                     : agreement.overlap >= kPartlySameArea ? "used partly the same area"
                                                            : "used different areas";
  return absl::StrFormat("%s %s (overlap %.2f).", subject, verb, agreement.overlap);
}

}  // namespace

Agreement ComputeAgreement(const std::vector<ModelResult>& results) {
  const std::vector<Evidence> evidence = CollectEvidence(results);
  Agreement agreement;
  agreement.models = static_cast<int>(evidence.size());
  if (evidence.size() < 2) {
    agreement.sentence = NothingToCompare(agreement.models, results.size());
    return agreement;
  }
  int pairs = 0;
  for (size_t a = 0; a < evidence.size(); ++a) {
    for (size_t b = a + 1; b < evidence.size(); ++b, ++pairs) {
      agreement.overlap += Overlap(evidence[a].mass, evidence[b].mass);
      agreement.correlation += RankCorrelation(evidence[a].mass, evidence[b].mass);
      const cv::Point2d apart = evidence[a].centre - evidence[b].centre;
      agreement.distance += std::hypot(apart.x, apart.y);
    }
  }
  agreement.overlap /= pairs;
  agreement.distance /= pairs;
  agreement.correlation /= pairs;
  agreement.sentence = Sentence(agreement, results.size());
  return agreement;
}

}  // namespace camnode
