#include "core/storage/sql/open_database.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/database_access.h"
#include "core/storage/sql/postgres_database.h"
#include "core/storage/sql/postgres_doorbell.h"
#include "core/storage/sql/query_database.h"
#include "core/storage/sql/socket_doorbell.h"
#include "core/storage/sql/sqlite_check.h"
#include "core/storage/sql/sqlite_database.h"

namespace camnode {
namespace {

// More would compute at once, and take the cores from reception; fewer, and one long query
// holds up every other.
int MaxQueryConnections() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 2, 8);
}

absl::StatusOr<OpenedDatabase> OpenSqlite(const std::string& file,
                                          const std::string& data_directory) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SocketDoorbell> doorbell,
                           SocketDoorbell::Open(DoorbellFolder(data_directory)));
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> database,
                           SqliteDatabase::Open(file, DatabaseLockFile(data_directory), *doorbell));
  OpenedDatabase opened;
  opened.doorbell = std::move(doorbell);
  opened.queries =
      std::make_unique<QueryDatabase>(*database, database->NewReadPool(MaxQueryConnections()));
  opened.database = std::move(database);
  return opened;
}

absl::StatusOr<OpenedDatabase> OpenPostgres(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresDoorbell> doorbell, PostgresDoorbell::Open(uri));
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresDatabase> database, PostgresDatabase::Open(uri));
  OpenedDatabase opened;
  opened.doorbell = std::move(doorbell);
  opened.queries =
      std::make_unique<QueryDatabase>(*database, database->NewReadPool(MaxQueryConnections()));
  opened.database = std::move(database);
  return opened;
}

}  // namespace

bool IsNewDatabase(const std::string& uri) {
  absl::string_view file = uri;
  struct stat entry {};
  return absl::ConsumePrefix(&file, "sqlite:") &&
         (::stat(std::string(file).c_str(), &entry) != 0 ? errno == ENOENT : entry.st_size == 0);
}

std::string DatabaseName(const std::string& uri) {
  absl::string_view file = uri;
  if (absl::ConsumePrefix(&file, "sqlite:")) return std::string(file);
  return "that database_uri names";
}

absl::Status CheckDatabase(const std::string& uri, const std::function<bool()>& give_up) {
  absl::string_view file = uri;
  // A server looks after its own files.
  return absl::ConsumePrefix(&file, "sqlite:") ? CheckSqliteFile(std::string(file), give_up)
                                               : absl::OkStatus();
}

absl::StatusOr<OpenedDatabase> OpenDatabase(const std::string& uri,
                                            const std::string& data_directory) {
  absl::string_view file = uri;
  if (absl::ConsumePrefix(&file, "sqlite:") && !file.empty()) {
    return OpenSqlite(std::string(file), data_directory);
  }
  if (absl::StartsWith(uri, "postgresql://") || absl::StartsWith(uri, "postgres://")) {
    return OpenPostgres(uri);
  }
  // Without the text: it may hold a password.
  return absl::InvalidArgumentError("a database is named 'sqlite:FILE' or 'postgresql://...'");
}

}  // namespace camnode
