// The schema, as the numbered steps that led to it.  README.md says in prose what
// every table and column means.

#ifndef CAMNODE_CORE_STORAGE_SQL_MIGRATIONS_H_
#define CAMNODE_CORE_STORAGE_SQL_MIGRATIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// One step.  Statements are written once for both dialects, with {id}, {blob} and
// {real} where they differ; see StatementFor.
struct Migration {
  int version;  // 1, 2, 3, ...: the schema's version after this step.
  std::vector<absl::string_view> statements;
};

// Ascending.  A step that was released is never changed: add another.
const std::vector<Migration>& Migrations();

// The last version in Migrations().
int LatestSchemaVersion();

// True if the database has a table of that name, in PostgreSQL's current schema.
absl::StatusOr<bool> TableExists(SqlTransaction& transaction, absl::string_view table);

// `statement` in the words of one dialect.
std::string StatementFor(SqlDialect dialect, absl::string_view statement);

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_MIGRATIONS_H_
