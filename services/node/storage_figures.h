// What the metrics say of the stores, read by a thread of its own: whoever scrapes never waits
// for a database that hangs.

#ifndef CAMNODE_SERVICES_NODE_STORAGE_FIGURES_H_
#define CAMNODE_SERVICES_NODE_STORAGE_FIGURES_H_

#include <cstdint>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "services/node/stores.h"

namespace camnode {

// What could not be read is absent.
struct StorageFigures {
  absl::optional<QueueDepth> queue;
  absl::optional<absl::Duration> oldest_unfinished_age;
  absl::optional<int64_t> quarantined_instances;
  absl::optional<int64_t> free_bytes;
  // At most a minute old: counting them reads an index over all deliveries there ever were.
  std::vector<DestinationBacklog> backlogs;
};

// Thread-safe.
class StorageFiguresReader {
 public:
  // What was read a moment ago holds for the next scrape of the same callbacks.
  static constexpr absl::Duration kHolds = absl::Milliseconds(250);
  // How long Read waits; not at all while the reading before still hangs.
  static constexpr absl::Duration kPatience = absl::Milliseconds(500);
  // Older figures are not shown: a gap in a graph says more than a line that stands.
  static constexpr absl::Duration kTooOld = absl::Minutes(1);

  // Borrows both.
  StorageFiguresReader(NodeStores& stores, const Clock& clock);
  // Waits for the reading under way.
  ~StorageFiguresReader();

  StorageFigures Read();

 private:
  void Run();
  StorageFigures ReadStores();

  NodeStores& stores_;
  const Clock& clock_;
  // The thread's own.
  std::vector<DestinationBacklog> backlogs_;
  Deadline backlogs_hold_;

  Mutex mutex_;
  CondVar changed_;
  StorageFigures figures_ ABSL_GUARDED_BY(mutex_);
  Deadline fresh_ ABSL_GUARDED_BY(mutex_);
  Deadline too_old_ ABSL_GUARDED_BY(mutex_);
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;  // Until it has been read.
  bool hangs_ ABSL_GUARDED_BY(mutex_) = false;  // Somebody waited for it in vain.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_STORAGE_FIGURES_H_
