#include "services/worker/store_gate.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/store_identity.h"

namespace camnode {
namespace {

constexpr absl::Duration kDatabaseHolds = absl::Seconds(5);

}  // namespace

absl::StatusOr<WorkerStore> OpenWorkerStore(SqlDatabase& database,
                                            const std::string& blob_directory) {
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<StoreIdentity> identity,
                           ReadStoreIdentity(database));
  if (!identity.has_value()) {
    return absl::UnavailableError(
        "the database has no store id yet: camnode writes one when it starts");
  }
  WorkerStore store;
  store.store_id = identity->store_id;
  CAMNODE_ASSIGN_OR_RETURN(store.blobs,
                           BlobStore::OpenOf(store.store_id, blob_directory, BlobParts::kOfWorker));
  return store;
}

StoreGate::StoreGate(const WorkerStore& store, SqlDatabase& database, const Clock& clock,
                     OnChange on_change)
    : store_(store),
      database_(database),
      clock_(clock),
      on_change_(std::move(on_change)),
      database_holds_(absl::ZeroDuration(), clock) {}

absl::Status StoreGate::Check() {
  const absl::Status now = Look();
  if (!told_ || now.ok() != good_) on_change_(now);
  told_ = true;
  good_ = now.ok();
  return now;
}

absl::Status StoreGate::Look() {
  CAMNODE_RETURN_IF_ERROR(store_.blobs->CheckIdentity());
  if (told_ && !good_) {
    const absl::Status writable = store_.blobs->CheckWritable();
    rights_lost_ = !writable.ok();
    CAMNODE_RETURN_IF_ERROR(writable);
  }
  if (!database_holds_.Expired()) return absl::OkStatus();
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<StoreIdentity> identity,
                           ReadStoreIdentity(database_));
  const std::string found = identity.value_or(StoreIdentity()).store_id;
  if (found != store_.store_id) {
    return absl::UnavailableError(absl::StrCat("the database is of store '", found,
                                               "' now, this worker's blobs are of store ",
                                               store_.store_id));
  }
  database_holds_ = Deadline(kDatabaseHolds, clock_);
  return absl::OkStatus();
}

}  // namespace camnode
