#include "core/storage/sql/read_gate.h"

#include <algorithm>

#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// How soon a reader that waits notices that its caller has gone.
constexpr absl::Duration kLookAround = absl::Milliseconds(50);

}  // namespace

absl::Status ReadGate::Enter(const ReadWatch& watch) {
  MutexLock lock(&mutex_);
  while (closed_) {
    CAMNODE_RETURN_IF_ERROR(watch.Check());
    changed_.WaitWithTimeout(&mutex_, std::min(watch.Remaining(), kLookAround));
  }
  ++inside_;
  return absl::OkStatus();
}

void ReadGate::Leave() {
  MutexLock lock(&mutex_);
  --inside_;
  if (inside_ == 0) changed_.SignalAll();
}

bool ReadGate::Close(absl::Duration patience, bool hurry) {
  const Deadline deadline(patience);
  {
    MutexLock lock(&mutex_);
    closed_ = true;
    hurry_ = hurry;
    while (inside_ > 0 && !deadline.Expired()) {
      changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
    }
    hurry_ = false;
    if (inside_ == 0) return true;
  }
  Open();
  return false;
}

void ReadGate::Open() {
  MutexLock lock(&mutex_);
  closed_ = false;
  changed_.SignalAll();
}

absl::Status ReadGate::Check() const {
  return hurry_ ? absl::UnavailableError(
                      "a long read of the database was broken off, because SQLite's log could "
                      "not begin anew beside it; try again")
                : absl::OkStatus();
}

}  // namespace camnode
