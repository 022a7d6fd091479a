// Lets at most so many calls of a kind run at once.

#ifndef CAMNODE_SERVICES_API_CALL_LIMITER_H_
#define CAMNODE_SERVICES_API_CALL_LIMITER_H_

#include <atomic>
#include <memory>

namespace camnode {

// Thread-safe; outlives its slots.
class CallLimiter {
 public:
  explicit CallLimiter(int max_calls) : max_calls_(max_calls) {}

  struct Leave {
    void operator()(CallLimiter* limiter) const { --limiter->calls_; }
  };
  // Held for as long as the call runs.
  using Slot = std::unique_ptr<CallLimiter, Leave>;

  // nullptr: the limit is reached.
  Slot TryEnter() {
    if (++calls_ > max_calls_) {
      --calls_;
      return nullptr;
    }
    return Slot(this);
  }

  int calls() const { return calls_; }
  int max_calls() const { return max_calls_; }

 private:
  const int max_calls_;
  std::atomic<int> calls_{0};
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_CALL_LIMITER_H_
