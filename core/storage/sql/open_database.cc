#include "core/storage/sql/open_database.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/postgres_database.h"
#include "core/storage/sql/postgres_doorbell.h"
#include "core/storage/sql/socket_doorbell.h"
#include "core/storage/sql/sqlite_check.h"
#include "core/storage/sql/sqlite_database.h"

namespace camnode {
namespace {

absl::StatusOr<OpenedDatabase> OpenSqlite(const std::string& file,
                                          const std::string& data_directory) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SocketDoorbell> doorbell,
                           SocketDoorbell::Open(absl::StrCat(data_directory, "/doorbell")));
  CAMNODE_ASSIGN_OR_RETURN(
      std::unique_ptr<SqliteDatabase> database,
      SqliteDatabase::Open(file, absl::StrCat(data_directory, "/database.lock"), *doorbell));
  OpenedDatabase opened;
  opened.doorbell = std::move(doorbell);
  opened.database = std::move(database);
  return opened;
}

absl::StatusOr<OpenedDatabase> OpenPostgres(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresDoorbell> doorbell, PostgresDoorbell::Open(uri));
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresDatabase> database, PostgresDatabase::Open(uri));
  OpenedDatabase opened;
  opened.doorbell = std::move(doorbell);
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

absl::Status CheckDatabase(const std::string& uri) {
  absl::string_view file = uri;
  // A server looks after its own files.
  return absl::ConsumePrefix(&file, "sqlite:") ? CheckSqliteFile(std::string(file))
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
