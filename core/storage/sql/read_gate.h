// Keeps readers out for a moment, so that SQLite's log can begin anew.
//
// SQLite writes its log from the start again only if nobody reads in it.  Readers that
// overlap without end, each of them short, leave no such moment, and the log grows with
// every commit.  So whoever copies the log into the database closes the gate first.

#ifndef CAMNODE_CORE_STORAGE_SQL_READ_GATE_H_
#define CAMNODE_CORE_STORAGE_SQL_READ_GATE_H_

#include <atomic>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/sql/read_limits.h"

namespace camnode {

// Thread-safe.
class ReadGate {
 public:
  // Waits while the gate is closed.  Who gets OK is inside until Leave.
  // Errors: as ReadWatch::Check.
  absl::Status Enter(const ReadWatch& watch);
  void Leave();

  // No reader comes in from now on; returns true once the last has left, or false after
  // `patience`, when the gate is open again.  With `hurry` those inside are told to end.
  bool Close(absl::Duration patience, bool hurry);
  void Open();

  // kUnavailable if those inside are to end now.
  absl::Status Check() const;

 private:
  Mutex mutex_;
  CondVar changed_;
  int inside_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> hurry_{false};
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_READ_GATE_H_
