// What a model says of one label: score, probability, verdict.

#ifndef CAMNODE_CORE_DOMAIN_FINDING_H_
#define CAMNODE_CORE_DOMAIN_FINDING_H_

#include <string>

namespace camnode {

// One label with its score.
struct Finding {
  std::string label;         // "pneumonia"
  float logit = 0.0f;        // As the network gave it.
  double probability = 0.0;  // Calibrated, rounded to 1e-4.
  double threshold = 0.0;    // On the probability.
  bool positive = false;     // probability >= threshold, taken from the rounded value.
  // Before calibration; the logit, for a network that judges the label alone.
  double log_odds = 0.0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_FINDING_H_
