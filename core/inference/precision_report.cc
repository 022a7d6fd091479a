#include "core/inference/precision_report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "core/domain/heatmap.h"
#include "core/inference/ranked_scores.h"

namespace camnode {
namespace {

// Number of the strongest cell; -1 if nothing argued for the finding.
std::ptrdiff_t PeakCell(const Heatmap& heatmap) {
  if (!(heatmap.peak > 0.0f)) return -1;
  return std::distance(heatmap.values.begin(),
                       std::max_element(heatmap.values.begin(), heatmap.values.end()));
}

double Auc(const std::vector<PrecisionPair>& pairs, ModelResult PrecisionPair::*side) {
  std::vector<double> positives;
  std::vector<double> negatives;
  for (const PrecisionPair& pair : pairs) {
    (pair.positive ? positives : negatives).push_back((pair.*side).finding.logit);
  }
  return AreaUnderRoc(positives, negatives);
}

}  // namespace

camnode::model::v1::PrecisionCheck ComparePrecisions(const std::vector<PrecisionPair>& pairs) {
  double largest = 0.0;
  double flipped = 0.0;
  double other_peaks = 0.0;
  for (const PrecisionPair& pair : pairs) {
    const Finding& reference = pair.reference.finding;
    const Finding& candidate = pair.candidate.finding;
    largest = std::max(largest, std::abs(reference.probability - candidate.probability));
    if (reference.positive != candidate.positive) ++flipped;
    if (PeakCell(pair.reference.heatmap) != PeakCell(pair.candidate.heatmap)) ++other_peaks;
  }
  const double films = std::max(1.0, static_cast<double>(pairs.size()));
  camnode::model::v1::PrecisionCheck check;
  check.set_films(static_cast<int>(pairs.size()));
  check.set_auc_difference(Auc(pairs, &PrecisionPair::candidate) -
                           Auc(pairs, &PrecisionPair::reference));
  check.set_max_probability_difference(largest);
  check.set_flipped_verdicts(flipped / films);
  check.set_other_peak_cells(other_peaks / films);
  return check;
}

double LargestLogitDifference(const std::vector<PrecisionPair>& pairs) {
  double largest = 0.0;
  for (const PrecisionPair& pair : pairs) {
    largest = std::max(largest, std::abs(double{pair.reference.finding.logit} -
                                         double{pair.candidate.finding.logit}));
  }
  return largest;
}

}  // namespace camnode
