// Whether a database file is damaged, asked before anything is written to it.

#ifndef CAMNODE_CORE_STORAGE_SQL_SQLITE_CHECK_H_
#define CAMNODE_CORE_STORAGE_SQL_SQLITE_CHECK_H_

#include <string>

#include "absl/status/status.h"

namespace camnode {

// OK for a sound database, and for a file that is absent or empty.  Reads all of it
// with its log; changes neither, and leaves the log where it is.
// Errors: kDataLoss: damaged, with the first thing found; kUnavailable: it cannot be
// read, or another program keeps it locked.
absl::Status CheckSqliteFile(const std::string& file);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SQLITE_CHECK_H_
