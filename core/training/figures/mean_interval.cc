#include "core/training/figures/mean_interval.h"

#include <cstddef>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

// The percentile interval of the mean, each value drawn by itself: a patient of one film,
// all of one class, so of one stratum.
MeanInterval MeanWithInterval(const std::vector<double>& values, uint64_t seed) {
  MeanInterval interval;
  interval.count = static_cast<int>(values.size());
  if (values.empty()) return interval;
  const auto count = static_cast<double>(values.size());
  interval.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  std::vector<ScoredFilm> films(values.size());
  for (size_t i = 0; i < films.size(); ++i) films[i].patient = absl::StrCat(i);
  const PatientResampler resampler(films, seed);
  const BootstrapOptions options;
  std::vector<double> times_drawn;
  std::vector<double> means;
  for (int round = 0; round < options.rounds; ++round) {
    resampler.Draw(round, &times_drawn);
    means.push_back(std::inner_product(values.begin(), values.end(), times_drawn.begin(), 0.0) /
                    count);
  }
  const double tail = (1.0 - options.confidence) / 2.0;
  interval.low = Quantile(means, tail);
  interval.high = Quantile(means, 1.0 - tail);
  return interval;
}

MeanInterval PairedDifference(const std::vector<double>& a, const std::vector<double>& b,
                              uint64_t seed) {
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return MeanWithInterval(differences, seed);
}

}  // namespace camnode
