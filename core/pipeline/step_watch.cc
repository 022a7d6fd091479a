#include "core/pipeline/step_watch.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace camnode {
namespace {

constexpr int kTimesTheMedian = 20;
// Of a name: enough for a median, forgotten soon enough when films change.
constexpr std::size_t kRemembered = 64;

}  // namespace

StepWatch::Step::Step(Step&& other) noexcept
    : watch_(std::exchange(other.watch_, nullptr)), number_(other.number_) {}

StepWatch::Step::~Step() {
  if (watch_ != nullptr) watch_->End(number_);
}

StepWatch::Step StepWatch::Begin(const char* name, std::vector<int64_t> suspects) {
  const absl::Duration now = clock_.MonotonicNow();
  MutexLock lock(&mutex_);
  const int64_t number = ++last_number_;
  open_[number] = {name, std::move(suspects), now, now, absl::ZeroDuration()};
  return Step(*this, number);
}

void StepWatch::End(int64_t number) {
  MutexLock lock(&mutex_);
  const auto step = open_.find(number);
  std::deque<absl::Duration>& ended = ended_[step->second.name];
  ended.push_back(clock_.MonotonicNow() - step->second.began);
  if (ended.size() > kRemembered) ended.pop_front();
  open_.erase(step);
}

absl::optional<StepWatch::Stall> StepWatch::Look() {
  const absl::Duration now = clock_.MonotonicNow();
  absl::optional<Stall> stall;
  MutexLock lock(&mutex_);
  for (auto& [number, step] : open_) {
    step.took += std::min(now - step.seen, 2 * kLookPeriod);
    step.seen = now;
    if (step.took < max_step_ || (stall.has_value() && step.took <= stall->took)) continue;
    const absl::Duration limit = LimitOf(step.name);
    if (step.took >= limit) stall = Stall{step.name, step.suspects, step.took, limit};
  }
  return stall;
}

absl::Duration StepWatch::Longest() const {
  MutexLock lock(&mutex_);
  absl::Duration longest;
  for (const auto& [number, step] : open_) longest = std::max(longest, step.took);
  return longest;
}

absl::Duration StepWatch::LimitOf(const std::string& name) const {
  const auto ended = ended_.find(name);
  if (ended == ended_.end()) return max_step_;
  std::vector<absl::Duration> took(ended->second.begin(), ended->second.end());
  const auto middle = took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2);
  std::nth_element(took.begin(), middle, took.end());
  return std::max(max_step_, kTimesTheMedian * *middle);
}

}  // namespace camnode
