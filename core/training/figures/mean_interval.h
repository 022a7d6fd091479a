// A mean over films, each of another patient, and how sure it is.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_MEAN_INTERVAL_H_
#define CAMNODE_CORE_TRAINING_FIGURES_MEAN_INTERVAL_H_

#include <cstdint>
#include <vector>

namespace camnode {

struct MeanInterval {
  double mean = 0.0;
  // 95 %, as bootstrap.h draws it.  With one value both are the mean.
  double low = 0.0;
  double high = 0.0;
  int count = 0;  // Values; 0: there is no mean.

  // The interval excludes 0.
  bool AboveZero() const { return count > 0 && low > 0.0; }
};

// The same values and seed give the same interval on every machine.  One value a patient.
MeanInterval MeanWithInterval(const std::vector<double>& values, uint64_t seed);

// Of a[i] - b[i].  REQUIRES: as many of each.
MeanInterval PairedDifference(const std::vector<double>& a, const std::vector<double>& b,
                              uint64_t seed);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_MEAN_INTERVAL_H_
