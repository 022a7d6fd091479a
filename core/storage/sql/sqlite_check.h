// Whether a database file is damaged.

#ifndef CAMNODE_CORE_STORAGE_SQL_SQLITE_CHECK_H_
#define CAMNODE_CORE_STORAGE_SQL_SQLITE_CHECK_H_

#include <functional>
#include <string>

#include "absl/status/status.h"

namespace camnode {

// OK for a sound database, and for a file that is absent or empty.  Reads all of it
// with its log, as of one moment, also while others write; changes neither, and leaves the
// log where it is.
//
// `give_up` is asked at every page of 4 KiB; once it is true, so is the answer kCancelled.
// Errors: kDataLoss: damaged, with the first thing found; kUnavailable: it cannot be read,
// another program keeps it locked, or so much was written meanwhile that SQLite's log, which
// cannot begin anew beside a reader, became large.
absl::Status CheckSqliteFile(
    const std::string& file, const std::function<bool()>& give_up = [] { return false; });

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SQLITE_CHECK_H_
