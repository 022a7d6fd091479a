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
#include "core/storage/oldest_unfinished.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "core/storage/worker_registry.h"

namespace camnode {

// The stores over one face of the database.  Each member is thread-safe; what is handed
// in outlives it.
struct DatabaseStores {
  DatabaseStores(SqlDatabase& database, BlobStore& blobs, const Clock& clock,
                 const JobQueueOptions& queue, const OutboxOptions& outbox_options,
                 const QuarantineOptions& quarantine_options)
      : instances(database, clock, &blobs),
        quarantine(database, clock, &blobs, quarantine_options),
        results(database, clock, &blobs),
        jobs(database, clock, queue),
        outbox(database, clock, outbox_options),
        events(database),
        workers(database, clock) {}

  InstanceStore instances;
  Quarantine quarantine;
  ResultStore results;
  JobQueue jobs;
  Outbox outbox;
  EventLog events;
  WorkerRegistry workers;
};

// What a node keeps, in the order of construction.
struct NodeStorage {
  OpenedDatabase opened;
  std::unique_ptr<BlobStore> blobs;
};

// The stores of a node.  `viewers`: the same for the gRPC services, whose reads keep no
// connection from the node's own.
struct NodeStores : NodeStorage, DatabaseStores {
  NodeStores(OpenedDatabase database, std::unique_ptr<BlobStore> blob_store, const Clock& clock,
             const JobQueueOptions& queue, const OutboxOptions& outbox_options,
             const QuarantineOptions& quarantine_options = {})
      : NodeStorage{std::move(database), std::move(blob_store)},
        DatabaseStores(*opened.database, *blobs, clock, queue, outbox_options, quarantine_options),
        oldest_unfinished(jobs, clock),
        viewers(*opened.queries, *blobs, clock, queue, outbox_options, quarantine_options) {}

  OldestUnfinished oldest_unfinished;
  DatabaseStores viewers;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_STORES_H_
