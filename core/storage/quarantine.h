// Instances set aside because their SOP Instance UID was here with other bytes:
// kept for a human, never analysed.

#ifndef CAMNODE_CORE_STORAGE_QUARANTINE_H_
#define CAMNODE_CORE_STORAGE_QUARANTINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/domain/instance.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct QuarantineOptions {
  // Bounds on all that is set aside; beyond one, conflicting instances are refused.
  // Larger: more room for a sender that draws its UIDs badly.
  int64_t max_instances = 1000;
  int64_t max_bytes = int64_t{10} << 30;
};

// In section `storage` of the configuration.
template <typename Reader>
void ReadOptions(Reader&& reader, QuarantineOptions* options) {
  reader.Read("max_quarantined_instances", int64_t{1}, int64_t{1} << 20, &options->max_instances);
  reader.Read("max_quarantined_bytes", int64_t{1} << 20, int64_t{1} << 50, &options->max_bytes);
}

struct QuarantinedInstance {
  int64_t id = 0;             // Of the entry; never used again.
  Instance instance;          // As it was offered; instance.id is 0.
  std::string stored_sha256;  // Of the instance that has the UID.
};

struct QuarantineSize {
  int64_t instances = 0;
  int64_t bytes = 0;
};

enum class QuarantineOutcome {
  kAdded,
  kRepeat,      // The same bytes were set aside before.
  kFull,        // Refused: there is no room.
  kOtherStudy,  // Refused: the UID belongs to another study, so it was not sent
                // again but is wrong.
  kNoConflict,  // Refused: nobody has the UID, or the same bytes have it.
};

// Thread-safe.
class Quarantine {
 public:
  // `blobs`: where the files lie that rows name, or nullptr where there are none, as in tests
  // of rows alone.  Borrows all.
  Quarantine(SqlDatabase& database, const Clock& clock, const BlobStore* blobs,
             const QuarantineOptions& options);

  // Sets `instance`, whose blob must be durable already, aside.  After kAdded it is
  // durable and owns the blob; after every other outcome no row names the blob, and
  // the caller removes it.
  // Errors: kUnavailable if the blob's file is gone; those of SqlDatabase.
  absl::StatusOr<QuarantineOutcome> Add(const Instance& instance);

  // Newest first, ids below `before_id` (0: from the newest).
  absl::StatusOr<std::vector<QuarantinedInstance>> List(int limit, int64_t before_id);

  // Forgets an entry.  The caller removes the blob whose id is returned; until then
  // no row names it.
  // Errors: kNotFound.
  absl::StatusOr<std::string> Remove(int64_t id);

  absl::StatusOr<QuarantineSize> Size();

 private:
  SqlDatabase& database_;
  const Clock& clock_;
  const BlobStore* const blobs_;
  const QuarantineOptions options_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_QUARANTINE_H_
