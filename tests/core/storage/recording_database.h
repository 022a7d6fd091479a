// A database that passes everything on and remembers the statements.

#ifndef CAMNODE_TESTS_CORE_STORAGE_RECORDING_DATABASE_H_
#define CAMNODE_TESTS_CORE_STORAGE_RECORDING_DATABASE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct RecordedStatement {
  std::string sql;
  SqlParameters parameters;
};

// Used by one thread.
class RecordingDatabase final : public SqlDatabase {
 public:
  explicit RecordingDatabase(SqlDatabase& target) : target_(target) {}

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return target_.Write([&](SqlTransaction& transaction) {
      Transaction recording(transaction, statements);
      return work(recording);
    });
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    ++reads;
    return target_.Read([&](SqlTransaction& transaction) {
      Transaction recording(transaction, statements);
      return work(recording);
    });
  }
  SqlDialect dialect() const override { return target_.dialect(); }

  std::vector<RecordedStatement> statements;
  int reads = 0;

 private:
  class Transaction final : public SqlTransaction {
   public:
    Transaction(SqlTransaction& target, std::vector<RecordedStatement>& statements)
        : target_(target), statements_(statements) {}

    absl::StatusOr<std::vector<SqlRow>> Query(absl::string_view sql,
                                              const SqlParameters& parameters) override {
      statements_.push_back({std::string(sql), parameters});
      return target_.Query(sql, parameters);
    }
    absl::StatusOr<int64_t> Execute(absl::string_view sql,
                                    const SqlParameters& parameters) override {
      statements_.push_back({std::string(sql), parameters});
      return target_.Execute(sql, parameters);
    }
    SqlDialect dialect() const override { return target_.dialect(); }
    void RingAfterCommit(absl::string_view topic) override { target_.RingAfterCommit(topic); }

   private:
    SqlTransaction& target_;
    std::vector<RecordedStatement>& statements_;
  };

  SqlDatabase& target_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_STORAGE_RECORDING_DATABASE_H_
