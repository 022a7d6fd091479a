// What another precision, or another batch size, changes over a set of films.

#ifndef CAMNODE_CORE_INFERENCE_PRECISION_REPORT_H_
#define CAMNODE_CORE_INFERENCE_PRECISION_REPORT_H_

#include <vector>

#include "core/domain/analysis.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// One film computed in both ways by one model.
struct PrecisionPair {
  ModelResult reference;
  ModelResult candidate;
  bool positive = false;  // Labelled so.
};

// Fills films, auc_difference (from the logits), max_probability_difference,
// flipped_verdicts and other_peak_cells of the message; an empty map has no peak, and
// two empty maps agree.  Differences are of candidate less reference, flips and peaks
// shares of the films, 0 to 1; without films all are 0.  Thread-safe.
camnode::model::v1::PrecisionCheck ComparePrecisions(const std::vector<PrecisionPair>& pairs);

// The largest difference of a logit.
double LargestLogitDifference(const std::vector<PrecisionPair>& pairs);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_PRECISION_REPORT_H_
