// The channel of fixed length between decoding and computing.

#ifndef CAMNODE_CORE_PIPELINE_FILM_CHANNEL_H_
#define CAMNODE_CORE_PIPELINE_FILM_CHANNEL_H_

#include <deque>
#include <utility>

#include "absl/types/optional.h"
#include "core/base/mutex.h"

namespace camnode {

// Items are in flight from Begin to Done: while they are decoded, while they wait,
// and while they are computed.  One thread fills the channel (WaitForRoom, Begin,
// Put, or Done if there is nothing to put) and one empties it (Take,
// TakeIfWaiting, Done).
template <typename T>
class FilmChannel {
 public:
  explicit FilmChannel(int max_in_flight) : max_in_flight_(max_in_flight) {}

  // Waits until one more may begin.  False once closed.
  bool WaitForRoom() { return WaitForAtMost(max_in_flight_ - 1); }
  // Waits until nothing is in flight.  False once closed.
  bool WaitUntilIdle() { return WaitForAtMost(0); }

  void Begin() {
    MutexLock lock(&mutex_);
    ++in_flight_;
  }
  void Done() {
    MutexLock lock(&mutex_);
    --in_flight_;
    changed_.SignalAll();
  }

  void Put(T item) {
    MutexLock lock(&mutex_);
    waiting_.push_back(std::move(item));
    changed_.SignalAll();
  }

  // Waits for the oldest item.  Empty once closed, the filler has finished and
  // every item has been taken.
  absl::optional<T> Take() {
    MutexLock lock(&mutex_);
    while (waiting_.empty() && !filler_finished_) changed_.Wait(&mutex_);
    if (waiting_.empty()) return absl::nullopt;
    absl::optional<T> item = std::move(waiting_.front());
    waiting_.pop_front();
    return item;
  }

  // The oldest item, if one is waiting now.
  absl::optional<T> TakeIfWaiting() {
    MutexLock lock(&mutex_);
    if (waiting_.empty()) return absl::nullopt;
    absl::optional<T> item = std::move(waiting_.front());
    waiting_.pop_front();
    return item;
  }

  bool AnyWaiting() {
    MutexLock lock(&mutex_);
    return !waiting_.empty();
  }

  // No more room, for ever.
  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
    changed_.SignalAll();
  }
  // Called by the filler when it will put nothing more.
  void FinishFilling() {
    MutexLock lock(&mutex_);
    filler_finished_ = true;
    changed_.SignalAll();
  }

 private:
  bool WaitForAtMost(int in_flight) {
    MutexLock lock(&mutex_);
    while (in_flight_ > in_flight && !closed_) changed_.Wait(&mutex_);
    return !closed_;
  }

  const int max_in_flight_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<T> waiting_ ABSL_GUARDED_BY(mutex_);
  int in_flight_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool filler_finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_FILM_CHANNEL_H_
