#include "core/storage/sql/database_access.h"

#include <fcntl.h>
#include <sqlite3.h>

#include <cerrno>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/durable_file.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/base/unique_descriptor.h"

namespace camnode {
namespace {

// The file format's "write version" (sqlite.org/fileformat2.html): 2 with a write-ahead log.
constexpr size_t kWriteVersionOffset = 18;
constexpr char kWithLog = 2;

absl::Status CheckHasLog(const std::string& file) {
  const absl::StatusOr<std::string> start = ReadFileStart(file, kWriteVersionOffset + 1);
  if (!start.ok() && !absl::IsNotFound(start.status())) return start.status();
  if (start.ok() && start->size() > kWriteVersionOffset &&
      (*start)[kWriteVersionOffset] == kWithLog) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrCat("there is no database ", file, " yet; the node makes it when it starts"));
}

absl::Status MakeIfMissing(const std::string& file) {
  const UniqueDescriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  return made.valid() ? absl::OkStatus() : StatusOfErrno(errno, absl::StrCat("cannot open ", file));
}

}  // namespace

std::string DatabaseLockFile(const std::string& data_directory) {
  return absl::StrCat(data_directory, "/database.lock");
}

std::string DoorbellFolder(const std::string& data_directory) {
  return absl::StrCat(data_directory, "/doorbell");
}

void KeepTemporaryFilesIn(const std::string& folder) {
  sqlite3_free(sqlite3_temp_directory);
  sqlite3_temp_directory = sqlite3_mprintf("%s", folder.c_str());
}

absl::StatusOr<DatabaseAccess> PrepareDatabaseAccess(const std::string& uri,
                                                     const std::string& data_directory) {
  DatabaseAccess access;
  absl::string_view file = uri;
  if (!absl::ConsumePrefix(&file, "sqlite:")) {
    access.server = true;
    return access;
  }
  CAMNODE_RETURN_IF_ERROR(CheckHasLog(std::string(file)));
  access.files = {std::string(file), absl::StrCat(file, "-wal"), absl::StrCat(file, "-shm"),
                  DatabaseLockFile(data_directory)};
  for (const std::string& path : access.files) CAMNODE_RETURN_IF_ERROR(MakeIfMissing(path));
  access.socket_folders = {DoorbellFolder(data_directory)};
  for (const std::string& folder : access.socket_folders) {
    CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(folder));
  }
  return access;
}

}  // namespace camnode
