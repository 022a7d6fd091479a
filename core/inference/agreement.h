// Did the models look at the same place?
//
// Over each pair of maps, both scaled to sum 1 on the larger of their grids
// (bilinear):
//   overlap      intersection over union of the two half-mass regions: the
//                fewest cells that together hold half of a map's mass.
//   distance     between centres of mass, divided by the film's width.
//   correlation  Spearman's rank correlation of the cells (mean ranks for ties).
// and the mean of each over the pairs.  These compare explanations; they say
// nothing about whether the models are right.

#ifndef CAMNODE_CORE_INFERENCE_AGREEMENT_H_
#define CAMNODE_CORE_INFERENCE_AGREEMENT_H_

#include <vector>

#include "core/domain/analysis.h"

namespace camnode {

// Maps without any mass are left out; with fewer than two left, Agreement.models
// says how many and the sentence says why there is nothing to compare.
Agreement ComputeAgreement(const std::vector<ModelResult>& results);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_AGREEMENT_H_
