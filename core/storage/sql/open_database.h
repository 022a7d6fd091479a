// Opens the database and doorbell that a URI names.

#ifndef CAMNODE_CORE_STORAGE_SQL_OPEN_DATABASE_H_
#define CAMNODE_CORE_STORAGE_SQL_OPEN_DATABASE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// They come together because a transaction rings the bell when it commits, and because
// `queries`, the same database for those who only look (query_database.h), is beside
// `database`.  Each member outlives those below it.
struct OpenedDatabase {
  std::unique_ptr<Doorbell> doorbell;
  std::unique_ptr<SqlDatabase> database;
  std::unique_ptr<SqlDatabase> queries;
};

// `uri`: "sqlite:FILE" or "postgresql://...".  `data_directory` holds the
// doorbell's sockets and the cross-process lock of SQLite; it must exist.
//
// Errors: kInvalidArgument for another scheme; otherwise those of SqlDatabase.
absl::StatusOr<OpenedDatabase> OpenDatabase(const std::string& uri,
                                            const std::string& data_directory);

// True if nothing of the database is there yet: an SQLite file that is absent or empty.  What
// a server has can only be asked once it is open.
bool IsNewDatabase(const std::string& uri);

// What a message may call the database: the file, or the server's database without the words
// of `uri`, which may hold a password.
std::string DatabaseName(const std::string& uri);

// Whether the database is sound: an SQLite file is read once.  Nothing is changed.  Once
// `give_up` is true, the answer is kCancelled.  Only the node calls it.
// Errors: kDataLoss if it is damaged, kUnavailable; see sqlite_check.h.
absl::Status CheckDatabase(const std::string& uri, const std::function<bool()>& give_up);

// Brings the schema to this program's version.  Only the node calls it.
// Errors: kFailedPrecondition if the schema is newer than this program.
absl::Status Migrate(SqlDatabase& database);

// OK if the schema is the one this program knows.
// Errors: kUnavailable if it is older (the node has not migrated yet: wait),
// kFailedPrecondition if newer.
absl::Status CheckSchemaVersion(SqlDatabase& database);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_OPEN_DATABASE_H_
