// The stores of one node over one opened database.

#ifndef CAMNODE_SERVICES_NODE_STORES_H_
#define CAMNODE_SERVICES_NODE_STORES_H_

#include <memory>
#include <utility>

#include "core/base/clock.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/event_log.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/worker_registry.h"

namespace camnode {

// Each member is thread-safe; `clock` outlives it.
struct NodeStores {
  NodeStores(OpenedDatabase database, std::unique_ptr<BlobStore> blob_store, const Clock& clock,
             const JobQueueOptions& queue, const OutboxOptions& outbox_options,
             const QuarantineOptions& quarantine_options = {})
      : opened(std::move(database)),
        blobs(std::move(blob_store)),
        instances(*opened.database, clock, blobs.get()),
        quarantine(*opened.database, clock, blobs.get(), quarantine_options),
        results(*opened.database, clock, blobs.get()),
        jobs(*opened.database, clock, queue),
        outbox(*opened.database, clock, outbox_options),
        events(*opened.database),
        workers(*opened.database, clock) {}

  OpenedDatabase opened;
  std::unique_ptr<BlobStore> blobs;
  InstanceStore instances;
  Quarantine quarantine;
  ResultStore results;
  JobQueue jobs;
  Outbox outbox;
  EventLog events;
  WorkerRegistry workers;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_STORES_H_
