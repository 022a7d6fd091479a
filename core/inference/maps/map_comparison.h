// How alike two maps are; the measures are defined in agreement.h.  Functions of their
// arguments, which they borrow: thread-safe.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_MAP_COMPARISON_H_
#define CAMNODE_CORE_INFERENCE_MAPS_MAP_COMPARISON_H_

#include <opencv2/core/types.hpp>
#include <vector>

#include "absl/types/optional.h"
#include "core/domain/analysis.h"

namespace camnode {

// What a map says of where, on one grid over the film.
struct MapEvidence {
  std::vector<bool> region;   // Per cell: in the half-mass region.
  std::vector<double> ranks;  // Per cell, from 1 for the smallest.
  cv::Point2d centre;         // Of mass, in film widths.
};

struct MapMeasures {
  double overlap = 0.0;      // 0 to 1.
  double distance = 0.0;     // In film widths.
  double correlation = 0.0;  // -1 to 1.
};

// The grid of the finest map that can be compared; empty if none can.
cv::Size FinestGrid(const std::vector<ModelResult>& results);

// Absent: the map has one cell, or no mass on the film.
absl::optional<MapEvidence> EvidenceOf(const ModelResult& result, cv::Size grid);

// Means over the pairs.  REQUIRES: two or more, all on one grid.
MapMeasures CompareMaps(const std::vector<const MapEvidence*>& maps);

// Spearman's, of the same cells of two maps; 0 where all values of one are equal.
// REQUIRES: as many of each.
double RankCorrelation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_MAP_COMPARISON_H_
