// Did the models look at the same place?
//
// Each map is read on one grid over the film, as fine as the finest of them (bilinear,
// through the map's placement, so that squashed and letterboxed inputs meet; what lies on
// a letterbox's borders is left out), and scaled to sum 1.  Over each pair:
//   overlap      intersection over union of the two half-mass regions: the fewest cells
//                that together hold half of a map's mass (of equal cells the first).
//   distance     between centres of mass, divided by the film's width.
//   correlation  Spearman's rank correlation of the cells (mean ranks for ties); 0 where
//                all cells of a map are equal.
// and the mean of each over the pairs.
//
// What these numbers are worth only chance can tell: frontal films look alike, and so do
// maps of different films.  The null says how alike: for each subset of the models, the
// distribution of the same three means over maps each of another film (made by
// camnode-lab agreement-null).  A percentile is the share of those that are less alike
// than the maps at hand, in the middle of equal ones.
//
// Sources: Jaccard (1901) for the overlap, Spearman (1904) for the correlation; that
// explanations of different networks be compared at all, Arun et al., "Assessing the
// trustworthiness of saliency maps" (Radiology: Artificial Intelligence, 2021), who call
// it reproducibility.  These compare explanations; they say nothing about whether the
// models are right.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_AGREEMENT_H_
#define CAMNODE_CORE_INFERENCE_MAPS_AGREEMENT_H_

#include <vector>

#include "core/domain/analysis.h"
#include "core/models/agreement_null.h"

namespace camnode {

// The sentence says "the same area", and "partly the same area", where the median of the
// three percentiles is this or more: closer than 19 of 20, and than 3 of 4, comparisons
// between different films.
constexpr double kSameAreaPercentile = 95.0;
constexpr double kPartlySameAreaPercentile = 75.0;

// `results`: in the order of the models of `null`, all of one film.  Maps without any
// mass on the film, and of one cell, are left out; with fewer than two left,
// Agreement.models says how many and the sentence says why there is nothing to compare.
// Without a null, or where it has nothing on the models that are left, there are no
// percentiles, and the sentence judges nothing.
//
// overlap is 0 to 1, distance 0 or more, correlation -1 to 1, a percentile 0 to 100.
// Borrows its arguments for the call; thread-safe.
Agreement ComputeAgreement(const std::vector<ModelResult>& results,
                           const AgreementNull* null = nullptr);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_AGREEMENT_H_
