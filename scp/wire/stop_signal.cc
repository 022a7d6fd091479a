#include "scp/wire/stop_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

namespace camnode {

StopSignal::StopSignal() : descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) std::abort();  // No descriptors at start: nothing will work.
}

StopSignal::~StopSignal() { close(descriptor_); }

void StopSignal::Raise() {
  raised_.store(true);
  const uint64_t one = 1;
  if (write(descriptor_, &one, sizeof one) < 0) return;  // Full counter: raised long ago.
}

}  // namespace camnode
