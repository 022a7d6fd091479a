// The area under the ROC curve: the one place that computes it.

#ifndef CAMNODE_CORE_INFERENCE_RANKED_SCORES_H_
#define CAMNODE_CORE_INFERENCE_RANKED_SCORES_H_

#include <cstddef>
#include <vector>

#include "absl/types/optional.h"

namespace camnode {

// Scores sorted once, so that the area can be computed under thousands of weightings
// (bootstrap rounds) in one pass each.  Immutable; thread-safe.
class RankedScores {
 public:
  // One entry a film in each; finite scores.  REQUIRES: equal lengths.
  RankedScores(const std::vector<double>& scores, const std::vector<bool>& positive);

  // The weighted share of (positive, negative) pairs in which the positive scores
  // higher, a tie counting half: Mann and Whitney 1947; that it is the area under the
  // ROC curve, Hanley and McNeil 1982.  A pair weighs the product of its films'
  // weights.  nullopt if the positives or the negatives weigh nothing.
  // `weights`: one a film, in the order given to the constructor, none negative.
  absl::optional<double> AreaUnderRoc(const std::vector<double>& weights) const;

  // Every film weighing 1.
  absl::optional<double> AreaUnderRoc() const;

 private:
  struct Entry {
    std::size_t film;
    bool positive;
    bool first_of_tie;  // Scores higher than the entry before it.
  };
  std::vector<Entry> ascending_;
};

// The area with weight 1 for all; 0.5 without both kinds.
double AreaUnderRoc(const std::vector<double>& positives, const std::vector<double>& negatives);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_RANKED_SCORES_H_
