// One spelling of statements for both databases: `:name` becomes what PostgreSQL takes.

#ifndef CAMNODE_CORE_STORAGE_SQL_NAMED_PARAMETERS_H_
#define CAMNODE_CORE_STORAGE_SQL_NAMED_PARAMETERS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

// A statement with `:name` parameters in the form PostgreSQL takes: $1, $2, ...
struct NumberedStatement {
  std::string sql;
  std::vector<std::string> names;  // names[0] is $1; a name that comes twice is listed once.
};

// Leaves string literals, quoted names and casts (::) alone.
NumberedStatement NumberParameters(absl::string_view sql);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_NAMED_PARAMETERS_H_
