#include "core/storage/postgres_node_lock.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/durable_file.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {
namespace {

constexpr int kTakeAgainMs = 500;
// Any number will do, as long as nobody else in the database uses it; the schema beside it,
// because two camnodes may live in two schemas of one database.
constexpr absl::string_view kTryLock =
    "SELECT pg_try_advisory_lock(713021584, hashtext(current_schema()))";
// So that the server notices within half a minute that our host is gone.
constexpr const char* kNoticeOurEnd =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";
constexpr absl::string_view kOwners =
    "SELECT (SELECT store_id FROM store_identity WHERE id = 1), "
    "(SELECT node_id FROM node WHERE id = 1)";

absl::StatusOr<std::unique_ptr<PostgresConnection>> Connect(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection,
                           PostgresConnection::Open(uri));
  // Without TCP there is nothing to set, and the kernel notices by itself.
  PQclear(PQexec(connection->handle(), kNoticeOurEnd));
  return connection;
}

// False if another session has the lock.
absl::StatusOr<bool> TryLock(PostgresConnection& connection) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, connection.Query(kTryLock, {}));
  return rows.at(0).Int(0) != 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<NodeLock>> PostgresNodeLock::Try(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection, Connect(uri));
  CAMNODE_ASSIGN_OR_RETURN(const bool locked, TryLock(*connection));
  if (!locked) {
    return absl::AlreadyExistsError("another camnode holds the database");
  }
  UniqueDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return StatusOfErrno(errno, "cannot watch the lock of the node");
  return std::unique_ptr<NodeLock>(
      new PostgresNodeLock(uri, std::move(connection), std::move(wake)));
}

PostgresNodeLock::PostgresNodeLock(std::string uri, std::unique_ptr<PostgresConnection> connection,
                                   UniqueDescriptor wake)
    : uri_(std::move(uri)), wake_(std::move(wake)), connection_(std::move(connection)) {}

PostgresNodeLock::~PostgresNodeLock() {
  {
    MutexLock lock(&mutex_);
    ending_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void PostgresNodeLock::Watch(const std::string& store_id, const std::string& node_id,
                             OnLost on_lost) {
  store_id_ = store_id;
  node_id_ = node_id;
  on_lost_ = std::move(on_lost);
  thread_ = std::thread([this] { Run(); });
}

void PostgresNodeLock::Run() {
  while (WaitForEndOfSession(connection_ == nullptr ? kTakeAgainMs : -1)) {
    if (connection_ != nullptr) {
      PQconsumeInput(connection_->handle());
      if (connection_->Usable()) continue;
      Log(LogLevel::kWarning, "node_lock_session_lost",
          {{LogField::kReason, "the database closed it; it is taken again"}});
      connection_.reset();
    }
    const absl::Status taken = TakeAgain();
    if (taken.ok()) continue;
    on_lost_(taken);
    return;
  }
}

bool PostgresNodeLock::WaitForEndOfSession(int timeout_ms) {
  // poll passes over a negative descriptor.
  const int socket = connection_ == nullptr ? -1 : PQsocket(connection_->handle());
  std::array<pollfd, 2> waits = {pollfd{socket, POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
  ::poll(waits.data(), waits.size(), timeout_ms);
  MutexLock lock(&mutex_);
  return !ending_;
}

absl::Status PostgresNodeLock::TakeAgain() {
  // A server that is away gives the lock to nobody.
  absl::StatusOr<std::unique_ptr<PostgresConnection>> connection = Connect(uri_);
  if (!connection.ok()) return absl::OkStatus();
  const absl::StatusOr<std::vector<SqlRow>> owners = (*connection)->Query(kOwners, {});
  if (!owners.ok()) return absl::OkStatus();
  const std::string store = owners->at(0).Text(0);
  const std::string node = owners->at(0).Text(1);
  if (store != store_id_) {
    return absl::AlreadyExistsError(absl::StrCat(
        "the database is of store '", store, "' now, this node's blobs are of store ", store_id_));
  }
  if (node != node_id_) {
    return absl::AlreadyExistsError(absl::StrCat("node ", node, " has taken the database"));
  }
  // Our old session may hold it still; the server will notice that it has ended.
  const absl::StatusOr<bool> locked = TryLock(**connection);
  if (!locked.ok() || !*locked) return absl::OkStatus();
  connection_ = *std::move(connection);
  Log(LogLevel::kInfo, "node_lock_taken_again", {});
  return absl::OkStatus();
}

}  // namespace camnode
