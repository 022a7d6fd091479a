#include "core/inference/ranked_scores.h"

#include <algorithm>
#include <numeric>

namespace camnode {

RankedScores::RankedScores(const std::vector<double>& scores, const std::vector<bool>& positive) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&scores](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  ascending_.reserve(order.size());
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::size_t film = order[rank];
    const bool first_of_tie = rank == 0 || scores[order[rank - 1]] < scores[film];
    ascending_.push_back({film, positive[film], first_of_tie});
  }
}

absl::optional<double> RankedScores::AreaUnderRoc(const std::vector<double>& weights) const {
  double wins = 0.0;
  double positives = 0.0;
  double negatives = 0.0;  // Of scores up to and with the tie at hand.
  double tied_positives = 0.0;
  double tied_negatives = 0.0;
  // Each positive wins over the negatives below its tie, and half over those in it.
  const auto close_tie = [&] {
    wins += tied_positives * (negatives + 0.5 * tied_negatives);
    positives += tied_positives;
    negatives += tied_negatives;
    tied_positives = tied_negatives = 0.0;
  };
  for (const Entry& entry : ascending_) {
    if (entry.first_of_tie) close_tie();
    (entry.positive ? tied_positives : tied_negatives) += weights[entry.film];
  }
  close_tie();
  if (!(positives > 0.0) || !(negatives > 0.0)) return absl::nullopt;
  return wins / (positives * negatives);
}

absl::optional<double> RankedScores::AreaUnderRoc() const {
  return AreaUnderRoc(std::vector<double>(ascending_.size(), 1.0));
}

double AreaUnderRoc(const std::vector<double>& positives, const std::vector<double>& negatives) {
  std::vector<double> scores = positives;
  scores.insert(scores.end(), negatives.begin(), negatives.end());
  std::vector<bool> positive(positives.size(), true);
  positive.resize(scores.size(), false);
  return RankedScores(scores, positive).AreaUnderRoc().value_or(0.5);
}

}  // namespace camnode
