#include "core/storage/sql/local_doorbell.h"

#include <atomic>
#include <cstddef>
#include <utility>

#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// Ours are three; the rest leaves room for tests.
constexpr size_t kMaxTopics = 16;

uint64_t NextId() {
  static std::atomic<uint64_t> next{1};
  return next++;
}

// How many rings this thread has answered, by doorbell and topic.  Per thread,
// because one watcher that takes a ring must not make another miss it.
uint64_t& AnsweredRings(uint64_t doorbell_id, absl::string_view topic) {
  thread_local std::map<std::pair<uint64_t, std::string>, uint64_t> answered;
  return answered[{doorbell_id, std::string(topic)}];
}

}  // namespace

LocalDoorbell::LocalDoorbell() : id_(NextId()) {}

void LocalDoorbell::Ring(absl::string_view topic) {
  MutexLock lock(&mutex_);
  const auto found = rings_.find(topic);
  if (found != rings_.end()) {
    ++found->second;
  } else if (rings_.size() < kMaxTopics) {
    rings_.emplace(std::string(topic), 1);
  }
  rang_.SignalAll();
}

bool LocalDoorbell::Wait(absl::string_view topic, absl::Duration timeout) {
  const Deadline deadline(timeout);
  uint64_t& answered = AnsweredRings(id_, topic);
  MutexLock lock(&mutex_);
  while (!stopped_) {
    const auto found = rings_.find(topic);
    if (found != rings_.end() && found->second != answered) {
      answered = found->second;
      return true;
    }
    if (deadline.Expired()) return false;
    rang_.WaitWithTimeout(&mutex_, deadline.Remaining());
  }
  return false;
}

void LocalDoorbell::Stop() {
  MutexLock lock(&mutex_);
  stopped_ = true;
  rang_.SignalAll();
}

}  // namespace camnode
