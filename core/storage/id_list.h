// Many rows by their ids, in one statement.
//
//   transaction.Query(absl::StrCat("SELECT ... WHERE ", IsOneOf(dialect, "job.id", "ids")),
//                     {{"ids", IdList(dialect, ids)}});
//
// The text is the same for lists of every length, so that the drivers' caches of
// statements, and the plan test, know it.

#ifndef CAMNODE_CORE_STORAGE_ID_LIST_H_
#define CAMNODE_CORE_STORAGE_ID_LIST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// The condition that `column` is one of the ids in the parameter of this name.
std::string IsOneOf(SqlDialect dialect, absl::string_view column, absl::string_view parameter);

// The value of that parameter.  Empty: no row fits.
std::string IdList(SqlDialect dialect, const std::vector<int64_t>& ids);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_ID_LIST_H_
