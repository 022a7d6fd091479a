#include "core/training/train/learning_rate.h"

#include <algorithm>
#include <cmath>

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

constexpr double kPi = 3.14159265358979323846;
constexpr double kStartShare = 1.0 / 25.0;
constexpr double kEndShare = kStartShare * 1e-4;
constexpr double kWarmUp = 0.3;

// From `start` to `end` by half a cosine, as `share` goes from 0 to 1.
double HalfCosine(double start, double end, double share) {
  return end + (start - end) * (1.0 + std::cos(kPi * share)) / 2.0;
}

// OneCycleLR's two halves of a cosine: from 1/25 of the rate up to it, reached with the share
// `warm_up` of the steps, and down to 1e-4 of the beginning at the last.
double OneCycle(const v1::Stage& stage, double steps, double step) {
  const double warm_up = stage.warm_up() > 0.0 ? stage.warm_up() : kWarmUp;
  // The last step of the way up and that of the way down.
  const double top = std::max(1.0, warm_up * steps) - 1.0;
  const double last = std::max(top + 1.0, steps - 1.0);
  const double rate = stage.learning_rate();
  if (step <= top && top > 0.0) return HalfCosine(kStartShare * rate, rate, step / top);
  return HalfCosine(rate, kEndShare * rate, std::min(1.0, (step - top) / (last - top)));
}

// minimum + (rate - minimum) share, share going from 0 to 1 and back over a cycle.
double Cyclic(const v1::Stage& stage, double steps_per_epoch, double step) {
  const double half_cycle = std::max(1.0, stage.half_cycle_epochs() * steps_per_epoch);
  const double position = std::fmod(step, 2.0 * half_cycle) / half_cycle;
  const double share = position <= 1.0 ? position : 2.0 - position;
  return stage.minimum_learning_rate() +
         (stage.learning_rate() - stage.minimum_learning_rate()) * share;
}

}  // namespace

double LearningRate(const v1::Stage& stage, int64_t steps_per_epoch, int64_t step) {
  const auto steps = static_cast<double>(stage.epochs() * steps_per_epoch);
  const auto now = static_cast<double>(step);
  switch (stage.schedule()) {
    case v1::SCHEDULE_ONE_CYCLE:
      return OneCycle(stage, steps, now);
    case v1::SCHEDULE_COSINE:
      return HalfCosine(stage.learning_rate(), 0.0, now / steps);
    case v1::SCHEDULE_CYCLIC:
      return Cyclic(stage, static_cast<double>(steps_per_epoch), now);
    default:
      return stage.learning_rate();
  }
}

}  // namespace camnode
