// What camnode-worker gives away for good, because it decodes strangers' bytes: everything that
// services/privileges can take from it and an analysis does not need.
//
// Two steps, because Linux takes the right to write files from threads one by one, and models are
// loaded by calls that no analysis makes:
//
//   config = LoadConfig(...)
//   ConfineFiles(...)            before the first thread
//   threads, database, models
//   ConfineCalls(...)            before the first film
//
// `worker { confined: false }` leaves all but the bounds on memory and core files, and says so.

#ifndef CAMNODE_SERVICES_WORKER_CONFINEMENT_H_
#define CAMNODE_SERVICES_WORKER_CONFINEMENT_H_

#include "absl/status/status.h"
#include "core/storage/sql/database_access.h"
#include "services/config/config.h"

namespace camnode {

// No core dumps, no new privileges, bounded memory; and, where the kernel has Landlock, nothing is
// written any more but part files of the worker's own, their new names among the blobs, the
// database, and the doorbell.  Where it has not, a warning says so.
//
// REQUIRES: the blob store was opened, so that its folders are there.
// Errors: those of services/privileges.
absl::Status ConfineFiles(const Config& config, const DatabaseAccess& database);

// The filter of system calls.  REQUIRES: config.worker.device is what models are computed on.
// Errors: kUnimplemented where the kernel has no filters: a worker without is for an
// operator to allow.
absl::Status ConfineCalls(const Config& config, const DatabaseAccess& database);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_WORKER_CONFINEMENT_H_
