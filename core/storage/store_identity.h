// Which store this is: a database and a blob directory that belong together.
//
// The database has the store's id in the row of table store_identity, the blob directory in
// its file store.id (blobs/store_id_file.h).  Rows name files and files are kept because rows
// name them, so one of them with another's partner loses films: nobody starts on such a pair.

#ifndef CAMNODE_CORE_STORAGE_STORE_IDENTITY_H_
#define CAMNODE_CORE_STORAGE_STORE_IDENTITY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct StoreIdentity {
  std::string store_id;
  // Of the events: a new one when their numbers began to say something else (event_history.h).
  std::string epoch;
};

// What the database says; empty if it has no id yet.  Errors: those of SqlDatabase.
absl::StatusOr<absl::optional<StoreIdentity>> ReadStoreIdentity(SqlDatabase& database);

// A database that is to be made, asked before it is: nothing of it exists yet.
// Errors: kFailedPrecondition if `blob_directory` belongs to another, older one.
absl::Status CheckNewDatabase(absl::string_view database_name, const std::string& blob_directory);

// The node's, before it uses either side: proves that they belong together, and migrates the
// database.  A new, empty pair gets an id, made durable on both sides; a pair from before
// there were ids gets one if the directory has films that the database names.  After a power
// cut on the way the next call finishes.
//
// `database_name`: what the operator calls the database, without a password.
//
// Errors: kFailedPrecondition, in words for an operator that name both sides, if they do not
// belong together: then neither was changed.  Otherwise those of Migrate, SqlDatabase and
// StatusOfErrno.
absl::StatusOr<StoreIdentity> JoinStore(SqlDatabase& database, absl::string_view database_name,
                                        const std::string& blob_directory);

// What AdoptStore found, for the operator to see whether it was right.
struct AdoptedStore {
  StoreIdentity identity;
  int64_t films = 0;          // In the database.
  int64_t films_sampled = 0;  // The newest and the oldest of them.
  int64_t films_found = 0;    // Of those sampled, with a file.
};

// An operator's word that these two belong together, after a restore for one: both get a new
// id, so that nothing else fits either of them any more, and the events a new epoch.
// REQUIRES: no node and no worker uses either.
// Errors: as JoinStore, but for the first.
absl::StatusOr<AdoptedStore> AdoptStore(SqlDatabase& database, const std::string& blob_directory);

// The events get a new epoch unless they have another than `old_epoch` already.
absl::Status BeginEpoch(SqlTransaction& transaction, absl::string_view old_epoch,
                        absl::string_view new_epoch);
// Errors: RandomHexDigits'.
absl::StatusOr<std::string> NewEpoch();

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_STORE_IDENTITY_H_
