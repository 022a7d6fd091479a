// Opens a node's store: data directory, database and blobs, each only when it is sure that
// no other node has it and that they belong together.

#ifndef CAMNODE_SERVICES_NODE_OPEN_STORE_H_
#define CAMNODE_SERVICES_NODE_OPEN_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/event_history.h"
#include "core/storage/node_lock.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/store_identity.h"
#include "services/config/config.h"
#include "services/node/data_directory.h"

namespace camnode {

// Destroyed in reverse order: whatever else ends, no other node has the store before.
struct OpenedStore {
  DataDirectory directory;
  std::string node_id;
  std::unique_ptr<NodeLock> lock;
  OpenedDatabase opened;
  StoreIdentity identity;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<EventHistory> history;
  bool database_checked = false;  // Read to its end; otherwise DatabaseUpkeep does it.
};

// Locks, checks for a second, migrates and opens; the row of table node is then this node's.
// Errors: one sentence that names the option or both sides, and says what to do: another node
// is at work here (it is named), database and blobs do not belong together, either is damaged
// or cannot be had.  Nothing of a store that is refused was changed.
absl::StatusOr<OpenedStore> OpenStore(const Config& config);

// `camnode --adopt-store`: see AdoptStore.  Errors: as OpenStore, but for the refused pair.
absl::StatusOr<AdoptedStore> AdoptStoreOf(const Config& config);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_OPEN_STORE_H_
