// Does the map depend on what the network learned?  Cascading randomisation (Adebayo et
// al., "Sanity Checks for Saliency Maps", NeurIPS 2018): the parts of the network become
// random one after the other from the head downwards, and after each the map is compared
// to the trained network's by Spearman's rank correlation over the cells.  A map that
// stays alike shows the film, not the network.
//
// What is compared is the signed map, before negative cells are dropped: with a random
// head the sum over channels is below zero on whole films as often as above, and an empty
// served map could be compared with nothing.  A map whose cells are all equal says nothing
// of where and counts as correlation 0.
//
// The pass, fixed before any network was measured with it: at the last stage, everything
// random, the mean correlation over films and draws is below kRandomisationPass.  The mean
// keeps its sign.  Of one draw of weights the maps of all films lean the same way, towards
// the film's structure or against it, so |correlation| of unrelated smooth maps of 49 cells
// is far from 0 (it is reported), and one draw decides nothing: the mean over draws is 0
// for a map that depends on its weights, 1 for one that does not.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_WEIGHT_RANDOMISATION_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_WEIGHT_RANDOMISATION_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "core/inference/classifier.h"
#include "core/training/explanation/explained_model.h"
#include "core/training/explanation/explanation_result.h"

namespace camnode {

constexpr double kRandomisationPass = 0.2;

// `progress` may be empty; it is told the passes over the films.  REQUIRES: two inputs or
// more, draws > 0.
// Errors: those of the model.
absl::StatusOr<RandomisationCheck> CheckRandomisation(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs, int draws, uint64_t seed,
    const std::function<void(int done, int of)>& progress = nullptr);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_WEIGHT_RANDOMISATION_H_
