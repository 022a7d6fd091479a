#include "core/storage/store_identity.h"

#include <unistd.h>

#include <cstddef>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/random_id.h"
#include "core/base/status_macros.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/store_id_file.h"
#include "core/storage/sql/migrations.h"
#include "core/storage/sql/open_database.h"

namespace camnode {
namespace {

constexpr size_t kEpochDigits = 16;
// Of the newest films, and as many of the oldest.
constexpr int kSampledFilms = 50;
constexpr absl::string_view kWhatToDo =
    "Nothing was changed.  Mount or name the right ones (data_directory, database_uri); if "
    "these two are right, after a restore for one, say so once: camnode --adopt-store --config "
    "FILE";

// What one look at both sides says.
struct Sides {
  bool films = false;             // The database has some.
  std::string database_id;        // Empty: none.
  std::string epoch;              // Empty with database_id.
  bool blobs = false;             // The directory has some.
  std::string directory_id;       // Empty: none.
  bool belong_by_sample = false;  // The directory has a file of a film of the database.
};

absl::StatusOr<std::vector<SqlRow>> QueryIfTable(SqlDatabase& database, absl::string_view table,
                                                 absl::string_view sql) {
  std::vector<SqlRow> rows;
  CAMNODE_RETURN_IF_ERROR(database.Read([&](SqlTransaction& transaction) -> absl::Status {
    rows.clear();
    CAMNODE_ASSIGN_OR_RETURN(const bool exists, TableExists(transaction, table));
    if (!exists) return absl::OkStatus();
    CAMNODE_ASSIGN_OR_RETURN(rows, transaction.Query(sql, {}));
    return absl::OkStatus();
  }));
  return rows;
}

// Blob ids of the newest and the oldest films.
absl::StatusOr<std::vector<std::string>> SampleFilms(SqlDatabase& database) {
  std::vector<std::string> ids;
  for (const char* order : {"DESC", "ASC"}) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                             QueryIfTable(database, "instance",
                                          absl::StrCat("SELECT blob_id FROM instance ORDER BY id ",
                                                       order, " LIMIT ", kSampledFilms)));
    for (const SqlRow& row : rows) ids.push_back(row.Text(0));
  }
  return ids;
}

int64_t CountFiles(const std::vector<std::string>& ids, const std::string& blob_directory) {
  int64_t count = 0;
  for (const std::string& id : ids) {
    if (IsBlobId(id) && ::access(BlobPath(blob_directory, id).c_str(), F_OK) == 0) ++count;
  }
  return count;
}

absl::StatusOr<Sides> LookAtBoth(SqlDatabase& database, const std::string& blob_directory) {
  Sides sides;
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<StoreIdentity> identity,
                           ReadStoreIdentity(database));
  if (identity.has_value()) {
    sides.database_id = identity->store_id;
    sides.epoch = identity->epoch;
  }
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<std::string> tag, ReadStoreIdFile(blob_directory));
  sides.directory_id = tag.value_or("");
  CAMNODE_ASSIGN_OR_RETURN(sides.blobs, HoldsBlobs(blob_directory));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> sample, SampleFilms(database));
  sides.films = !sample.empty();
  sides.belong_by_sample = CountFiles(sample, blob_directory) > 0;
  return sides;
}

std::string DescribeDatabase(const Sides& sides) {
  if (!sides.database_id.empty()) return absl::StrCat("is of store ", sides.database_id);
  return sides.films ? "has films and no store id" : "is new";
}

std::string DescribeDirectory(const Sides& sides) {
  if (!sides.directory_id.empty()) return absl::StrCat("is of store ", sides.directory_id);
  return sides.blobs ? "has blobs and no store.id" : "has neither blobs nor a store.id";
}

// True if the two are one store, or may become one.
bool Fit(const Sides& sides) {
  // Both were tagged, the directory first.
  if (!sides.database_id.empty()) return sides.directory_id == sides.database_id;
  // From before there were ids, or in the middle of getting one.
  if (sides.films) return sides.belong_by_sample;
  // Both new, or in the middle of being made.
  return !sides.blobs;
}

absl::Status Judge(const Sides& sides, absl::string_view database_name,
                   const std::string& blob_directory) {
  if (Fit(sides)) return absl::OkStatus();
  const bool may_be_unmounted = sides.directory_id.empty() && !sides.blobs;
  return absl::FailedPreconditionError(absl::StrCat(
      "the database ", database_name, " ", DescribeDatabase(sides), ", the blob directory ",
      blob_directory, " ", DescribeDirectory(sides), ": they do not belong together",
      may_be_unmounted ? "; is the directory's volume mounted?" : "", ".  ", kWhatToDo));
}

absl::Status TagDatabase(SqlDatabase& database, const StoreIdentity& identity) {
  return database.Write([&](SqlTransaction& transaction) {
    return transaction
        .Execute("UPDATE store_identity SET store_id = :store, epoch = :epoch WHERE id = 1",
                 {{"store", identity.store_id}, {"epoch", identity.epoch}})
        .status();
  });
}

}  // namespace

absl::StatusOr<absl::optional<StoreIdentity>> ReadStoreIdentity(SqlDatabase& database) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      QueryIfTable(database, "store_identity",
                   "SELECT store_id, epoch FROM store_identity WHERE id = 1 AND store_id <> ''"));
  if (rows.empty()) return absl::optional<StoreIdentity>();
  return absl::make_optional(StoreIdentity{rows[0].Text(0), rows[0].Text(1)});
}

absl::Status CheckNewDatabase(absl::string_view database_name, const std::string& blob_directory) {
  Sides sides;
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<std::string> tag, ReadStoreIdFile(blob_directory));
  sides.directory_id = tag.value_or("");
  CAMNODE_ASSIGN_OR_RETURN(sides.blobs, HoldsBlobs(blob_directory));
  return Judge(sides, database_name, blob_directory);
}

absl::StatusOr<StoreIdentity> JoinStore(SqlDatabase& database, absl::string_view database_name,
                                        const std::string& blob_directory) {
  CAMNODE_ASSIGN_OR_RETURN(const Sides sides, LookAtBoth(database, blob_directory));
  CAMNODE_RETURN_IF_ERROR(Judge(sides, database_name, blob_directory));
  CAMNODE_RETURN_IF_ERROR(Migrate(database));
  if (!sides.database_id.empty()) return StoreIdentity{sides.database_id, sides.epoch};
  // The directory first: a tag without a row is finished here, a row without a tag means
  // that a volume is missing.
  StoreIdentity identity;
  identity.store_id = sides.directory_id;
  if (identity.store_id.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(identity.store_id, NewStoreId());
    CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(blob_directory));
    CAMNODE_RETURN_IF_ERROR(WriteStoreIdFile(blob_directory, identity.store_id));
  }
  CAMNODE_ASSIGN_OR_RETURN(identity.epoch, NewEpoch());
  CAMNODE_RETURN_IF_ERROR(TagDatabase(database, identity));
  return identity;
}

absl::StatusOr<AdoptedStore> AdoptStore(SqlDatabase& database, const std::string& blob_directory) {
  AdoptedStore adopted;
  CAMNODE_RETURN_IF_ERROR(Migrate(database));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> films,
                           ReadRows(database, "SELECT COUNT(*) FROM instance", {}));
  adopted.films = films.at(0).Int(0);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> sample, SampleFilms(database));
  const std::set<std::string> distinct(sample.begin(), sample.end());
  adopted.films_sampled = static_cast<int64_t>(distinct.size());
  adopted.films_found = CountFiles({distinct.begin(), distinct.end()}, blob_directory);
  CAMNODE_ASSIGN_OR_RETURN(adopted.identity.store_id, NewStoreId());
  CAMNODE_ASSIGN_OR_RETURN(adopted.identity.epoch, NewEpoch());
  CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(blob_directory));
  // The database first: whoever is killed in between finds two that do not fit.
  CAMNODE_RETURN_IF_ERROR(TagDatabase(database, adopted.identity));
  CAMNODE_RETURN_IF_ERROR(WriteStoreIdFile(blob_directory, adopted.identity.store_id));
  return adopted;
}

absl::Status BeginEpoch(SqlTransaction& transaction, absl::string_view old_epoch,
                        absl::string_view new_epoch) {
  return transaction
      .Execute("UPDATE store_identity SET epoch = :new WHERE id = 1 AND epoch = :old",
               {{"new", new_epoch}, {"old", old_epoch}})
      .status();
}

absl::StatusOr<std::string> NewEpoch() { return RandomHexDigits(kEpochDigits); }

}  // namespace camnode
