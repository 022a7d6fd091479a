// Keeps leases from running out while their films are worked on.

#ifndef CAMNODE_CORE_PIPELINE_LEASE_KEEPER_H_
#define CAMNODE_CORE_PIPELINE_LEASE_KEEPER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/domain/job.h"
#include "core/pipeline/step_watch.h"
#include "core/storage/job_queue.h"

namespace camnode {

class LeaseKeeper;

// A lease in the keeper's care.  Move-only, used by one thread at a time; the
// keeper outlives it.  Destroyed without Take, the lease is dropped and runs out.
class HeldLease {
 public:
  HeldLease(HeldLease&& other) noexcept;
  HeldLease& operator=(HeldLease&&) = delete;
  ~HeldLease();

  // As it was when it was handed over.
  const Job& job() const { return job_; }

  // True once an extension found that the attempt is no longer ours.
  bool lost() const;

  // Back from the keeper, to be ended.  Waits for an extension under way.
  JobLease Take() &&;

 private:
  friend class LeaseKeeper;
  HeldLease(LeaseKeeper& keeper, int64_t number, Job job);

  LeaseKeeper* keeper_;  // Null once moved from or taken.
  int64_t number_;
  Job job_;
};

// Extends every lease in its care at each period, but none for ever.  Thread-safe.
class LeaseKeeper {
 public:
  // `period`: a third of the lease's duration, so that two extensions may fail.
  // `max_hold`: of a lease that is held for longer nothing is known but that its film never
  // ends; it is extended no more, and runs out.  `steps` outlives the keeper.
  LeaseKeeper(absl::Duration period, absl::Duration max_hold, StepWatch& steps);
  // Joins its thread.  REQUIRES: nothing is held.
  ~LeaseKeeper();

  HeldLease Hold(JobLease lease);

  // One round, at once.  An extension that fails for another reason than kAborted
  // is tried again in the next round.
  void ExtendAll();

 private:
  friend class HeldLease;
  struct Entry {
    explicit Entry(JobLease l) : lease(std::move(l)) {}
    JobLease lease;
    Stopwatch held;
    bool refused = false;
    bool extending = false;
    bool lost = false;
  };

  void Run();
  void ExtendOne(int64_t number);
  // False, and logged once, if the lease has been held for too long.
  bool MayBeExtended(Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Waits until the entry is not being extended, and removes it.
  std::unique_ptr<Entry> Remove(int64_t number);
  bool IsLost(int64_t number);

  const absl::Duration period_;
  const absl::Duration max_hold_;
  StepWatch& steps_;
  Mutex mutex_;
  CondVar changed_;
  std::map<int64_t, std::unique_ptr<Entry>> entries_ ABSL_GUARDED_BY(mutex_);
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_LEASE_KEEPER_H_
