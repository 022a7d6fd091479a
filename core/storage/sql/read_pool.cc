#include "core/storage/sql/read_pool.h"

#include <algorithm>
#include <utility>

#include "absl/time/time.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

// How soon a reader that waits for a connection notices that its caller has gone.
constexpr absl::Duration kLookAround = absl::Milliseconds(50);

}  // namespace

ReadPool::ReadPool(Connect connect, std::string begin, int max_connections,
                   std::shared_ptr<ReadGate> gate)
    : connect_(std::move(connect)),
      begin_(std::move(begin)),
      max_connections_(max_connections),
      gate_(std::move(gate)) {}

absl::Status ReadPool::Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) {
  const ReadWatch watch;
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SqlConnection> connection, Acquire(watch));
  absl::Status status = gate_ == nullptr ? absl::OkStatus() : gate_->Enter(watch);
  if (status.ok()) {
    status = ReadBy(connection, watch, work);
    if (gate_ != nullptr) gate_->Leave();
  }
  Release(std::move(connection), status);
  return status;
}

absl::Status ReadPool::ReadBy(std::unique_ptr<SqlConnection>& connection, const ReadWatch& watch,
                              absl::FunctionRef<absl::Status(SqlTransaction&)> work) {
  CAMNODE_RETURN_IF_ERROR(Begin(connection, watch));
  ConnectionTransaction transaction(*connection, ConnectionTransaction::Access::kRead);
  const absl::Status status = work(transaction);
  // Ended even if the caller has gone, or the connection could not be used again.
  connection->SetWatch(nullptr);
  // Nothing was changed, so how it ends does not matter: what `work` read is good.
  connection->Run("ROLLBACK").IgnoreError();
  return status;
}

// A pooled connection may have died since its last use: then one new one.
absl::Status ReadPool::Begin(std::unique_ptr<SqlConnection>& connection, const ReadWatch& watch) {
  const auto check = [&watch, gate = gate_.get()] {
    const absl::Status allowed = watch.Check();
    return allowed.ok() && gate != nullptr ? gate->Check() : allowed;
  };
  connection->SetWatch(check);
  const absl::Status status = connection->Run(begin_);
  if (status.ok() || connection->Usable()) return status;
  CAMNODE_RETURN_IF_ERROR(watch.Check());
  CAMNODE_ASSIGN_OR_RETURN(connection, connect_());
  connection->SetWatch(check);
  return connection->Run(begin_);
}

absl::StatusOr<std::unique_ptr<SqlConnection>> ReadPool::Acquire(const ReadWatch& watch) {
  {
    MutexLock lock(&mutex_);
    while (idle_.empty() && in_use_ >= max_connections_) {
      const absl::Status allowed = watch.Check();
      if (absl::IsCancelled(allowed)) return allowed;
      if (!allowed.ok()) return watch.NoConnection(max_connections_);
      released_.WaitWithTimeout(&mutex_, std::min(watch.Remaining(), kLookAround));
    }
    ++in_use_;
    if (!idle_.empty()) {
      std::unique_ptr<SqlConnection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  absl::StatusOr<std::unique_ptr<SqlConnection>> connection = connect_();
  if (!connection.ok()) Release(nullptr, connection.status());
  return connection;
}

void ReadPool::Release(std::unique_ptr<SqlConnection> connection, const absl::Status& ended) {
  // What its reader watched is gone by the next use.
  if (connection != nullptr) connection->SetWatch(nullptr);
  std::vector<std::unique_ptr<SqlConnection>> closed;  // Without the lock.
  MutexLock lock(&mutex_);
  --in_use_;
  // The others were made for the same server, and would each wait for it as long.
  if (absl::IsUnavailable(ended) && connection != nullptr && !connection->Usable()) {
    closed.swap(idle_);
  }
  if (connection != nullptr) {
    const bool sound = connection->Usable() && !connection->InTransaction();
    (sound ? idle_ : closed).push_back(std::move(connection));
  }
  released_.Signal();
}

}  // namespace camnode
