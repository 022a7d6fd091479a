// Where the lungs lie on a frontal film, well enough to ask whether a map looks there.
//
// Of the film shrunk to kLungGrid x kLungGrid and smoothed:
//   1. The midline is the brightest column of the middle (the spine).
//   2. At a dozen thresholds, the 10th to 65th percentile of the middle of the film, the
//      dark connected components of each side (opened by 11 pixels) that touch no border of
//      the film and have the size, place, height, width and solidity of a lung are
//      candidates; the largest of each side counts.
//   3. A pneumonia hides the lung behind it, and the heart the lung below it, more often on
//      one side than on both: each side is the convex hull of what was found there and the
//      mirror image of the other side.  That takes in the part behind the heart.
// Where no side has a candidate, or both together are implausibly small or large, the
// region is a prior: two upright ellipses at 30 % and 70 % of the width, 30 % wide and 62 %
// high about 47 % of the height.  LungRegion::fallback says so.
//
// Made by rules that were tried on frontal films of small children, not by training, and
// compared with no reader's outlines: good to tell lungs from shoulders, abdomen and
// corners, not to measure a lung.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_LUNG_REGION_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_LUNG_REGION_H_

#include <opencv2/core/mat.hpp>

#include "absl/types/optional.h"
#include "core/domain/analysis.h"

namespace camnode {

constexpr int kLungGrid = 256;

struct LungRegion {
  cv::Mat1b mask;     // kLungGrid x kLungGrid over the whole film; 255 in the lungs.
  double area = 0.0;  // Share of the film.
  bool fallback = false;
};

// `film`: 0 is black, lungs are dark.  An empty film, or one without contrast, gets the
// prior.
LungRegion FindLungs(const cv::Mat1b& film);

// Share of the map's mass on the film that lies in the region, the map read between its
// cells (resample.h).  Absent: no mass on the film.
absl::optional<double> MassInLungs(const ModelResult& result, const LungRegion& lungs);

// Whether the centre of the map's strongest cell lies in the region.
bool PeakInLungs(const ModelResult& result, const LungRegion& lungs);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_LUNG_REGION_H_
