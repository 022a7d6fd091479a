// The password in a database's URI.

#ifndef CAMNODE_CORE_STORAGE_SQL_DATABASE_URI_H_
#define CAMNODE_CORE_STORAGE_SQL_DATABASE_URI_H_

#include <string>

#include "absl/status/statusor.h"

namespace camnode {

// Whether `uri` itself holds a secret: the password of PostgreSQL's user or of a key, in any place
// where libpq would find it.  False for "sqlite:FILE".
// Errors: kInvalidArgument if libpq cannot read it, without a word of it.
absl::StatusOr<bool> HoldsPassword(const std::string& uri);

// `uri`, a "postgresql://..." without one, with the password of PostgreSQL's user.
std::string WithPassword(const std::string& uri, const std::string& password);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_DATABASE_URI_H_
