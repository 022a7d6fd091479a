// A flag that poll(2) can wait for.

#ifndef CAMNODE_SCP_WIRE_STOP_SIGNAL_H_
#define CAMNODE_SCP_WIRE_STOP_SIGNAL_H_

#include <atomic>

namespace camnode {

// Raised once, never lowered.  Thread-safe.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  void Raise();
  bool raised() const { return raised_.load(); }

  // Readable from the moment that it is raised.
  int descriptor() const { return descriptor_; }

 private:
  std::atomic<bool> raised_{false};
  const int descriptor_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_STOP_SIGNAL_H_
