#include "core/storage/sql/postgres_database.h"

#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/postgres_connection.h"
#include "core/storage/sql/postgres_doorbell.h"
#include "core/storage/sql/sql_connection.h"

namespace camnode {
namespace {

constexpr int kMaxReadConnections = 8;
constexpr absl::string_view kBeginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

class PostgresWriteDriver final : public WriteDriver {
 public:
  PostgresWriteDriver(std::string uri, std::unique_ptr<PostgresConnection> connection)
      : uri_(std::move(uri)), connection_(std::move(connection)) {}

  absl::Status Begin() override {
    if (connection_ != nullptr) {
      const absl::Status begun = connection_->Begin(kBeginWrite);
      if (begun.ok() || connection_->Usable()) return begun;
      connection_.reset();
    }
    CAMNODE_ASSIGN_OR_RETURN(connection_, PostgresConnection::Open(uri_));
    return connection_->Begin(kBeginWrite);
  }

  SqlConnection& connection() override { return *connection_; }

  absl::Status Commit(const std::vector<std::string>& topics) override {
    absl::Status status = Notify(*connection_, topics);
    if (status.ok()) status = connection_->Commit();
    if (!status.ok()) Rollback();
    return status;
  }

  void Rollback() override {
    if (connection_->InTransaction()) connection_->Run("ROLLBACK").IgnoreError();
  }

 private:
  const std::string uri_;
  std::unique_ptr<PostgresConnection> connection_;  // Null once lost.
};

}  // namespace

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Open(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> writer,
                           PostgresConnection::Open(uri));
  return std::unique_ptr<PostgresDatabase>(
      new PostgresDatabase(uri, std::make_unique<PostgresWriteDriver>(uri, std::move(writer))));
}

PostgresDatabase::PostgresDatabase(const std::string& uri, std::unique_ptr<WriteDriver> driver)
    : uri_(uri), readers_(NewReadPool(kMaxReadConnections)), writer_(std::move(driver)) {}

std::unique_ptr<ReadPool> PostgresDatabase::NewReadPool(int max_connections) const {
  const auto connect = [uri = uri_]() -> absl::StatusOr<std::unique_ptr<SqlConnection>> {
    CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> reader,
                             PostgresConnection::Open(uri));
    return std::unique_ptr<SqlConnection>(std::move(reader));
  };
  return std::make_unique<ReadPool>(connect, kBeginRead, max_connections);
}

}  // namespace camnode
