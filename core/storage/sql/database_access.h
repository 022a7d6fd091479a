// What a program must be left to use the database when it gives every other right away.

#ifndef CAMNODE_CORE_STORAGE_SQL_DATABASE_ACCESS_H_
#define CAMNODE_CORE_STORAGE_SQL_DATABASE_ACCESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace camnode {

struct DatabaseAccess {
  // A server is called, again after each loss of the connection.
  bool server = false;
  // Written, but for as long as this program has the database open never made or removed.
  std::vector<std::string> files;
  // The doorbell's: sockets are made and removed in them.
  std::vector<std::string> socket_folders;
};

// Of SQLite: what every program locks before it writes, and where the doorbell's sockets lie.
std::string DatabaseLockFile(const std::string& data_directory);
std::string DoorbellFolder(const std::string& data_directory);

// Where SQLite puts what it cannot keep in memory, such as a long savepoint's: files that lose
// their names when they are made.  Called before OpenDatabase, while there is one thread.
void KeepTemporaryFilesIn(const std::string& folder);

// Before OpenDatabase, with the same arguments.  All that it names is there afterwards: SQLite's
// log and its index are made where they are missing, empty, which SQLite takes.
//
// Errors: kNotFound while there is no SQLite database with a log yet: the node makes it; wait.
// Otherwise StatusOfErrno's, with the path.
absl::StatusOr<DatabaseAccess> PrepareDatabaseAccess(const std::string& uri,
                                                     const std::string& data_directory);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_DATABASE_ACCESS_H_
