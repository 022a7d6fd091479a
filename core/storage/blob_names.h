// Which blobs the rows of the database name: the one list of the columns that do.

#ifndef CAMNODE_CORE_STORAGE_BLOB_NAMES_H_
#define CAMNODE_CORE_STORAGE_BLOB_NAMES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// Thread-safe.
class BlobNames {
 public:
  explicit BlobNames(SqlDatabase& database) : database_(database) {}

  // Those of `ids` that are a film's, a quarantined film's, an output's or a display
  // raster's.  One statement for all of them: ask for a thousand at once.
  // REQUIRES: ids of blobs (IsBlobId).
  // Errors: those of SqlDatabase.
  absl::StatusOr<std::set<std::string>> Among(const std::vector<std::string>& ids);

 private:
  SqlDatabase& database_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_BLOB_NAMES_H_
