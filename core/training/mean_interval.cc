#include "core/training/mean_interval.h"

#include <algorithm>
#include <cstddef>

#include "core/training/random_generator.h"

namespace camnode {
namespace {

constexpr size_t kDraws = 2000;
constexpr double kTail = 0.025;

double Mean(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

}  // namespace

MeanInterval MeanWithInterval(const std::vector<double>& values, uint64_t seed) {
  MeanInterval interval;
  interval.count = static_cast<int>(values.size());
  if (values.empty()) return interval;
  interval.mean = Mean(values);
  RandomGenerator random(seed);
  std::vector<double> means;
  for (size_t draw = 0; draw < kDraws; ++draw) {
    double sum = 0.0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[random.Below(values.size())];
    means.push_back(sum / static_cast<double>(values.size()));
  }
  std::sort(means.begin(), means.end());
  const auto quantile = [&means](double share) {
    return means[static_cast<size_t>(share * static_cast<double>(means.size() - 1) + 0.5)];
  };
  interval.low = quantile(kTail);
  interval.high = quantile(1.0 - kTail);
  return interval;
}

MeanInterval PairedDifference(const std::vector<double>& a, const std::vector<double>& b,
                              uint64_t seed) {
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  return MeanWithInterval(differences, seed);
}

}  // namespace camnode
