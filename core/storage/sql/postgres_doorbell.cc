#include "core/storage/sql/postgres_doorbell.h"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/postgres_connection.h"

namespace camnode {
namespace {

// The payload is the topic.
constexpr absl::string_view kListen = "LISTEN camnode";
constexpr int kReconnectDelayMs = 1000;

absl::StatusOr<std::unique_ptr<PostgresConnection>> ConnectAndListen(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection,
                           PostgresConnection::Open(uri));
  CAMNODE_RETURN_IF_ERROR(connection->Run(kListen));
  return connection;
}

}  // namespace

absl::Status Notify(SqlConnection& connection, const std::vector<std::string>& topics) {
  for (const std::string& topic : topics) {
    CAMNODE_RETURN_IF_ERROR(
        connection.Query("SELECT pg_notify('camnode', :topic)", {{"topic", topic}}).status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<PostgresDoorbell>> PostgresDoorbell::Open(const std::string& uri) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<PostgresConnection> connection, ConnectAndListen(uri));
  UniqueDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return StatusOfErrno(errno, "cannot make the doorbell");
  return std::unique_ptr<PostgresDoorbell>(
      new PostgresDoorbell(uri, std::move(connection), std::move(wake)));
}

PostgresDoorbell::PostgresDoorbell(std::string uri, std::unique_ptr<PostgresConnection> connection,
                                   UniqueDescriptor wake)
    : uri_(std::move(uri)), wake_(std::move(wake)), connection_(std::move(connection)) {
  connection_->SetWatch([this] { return CheckEnding(); });
  listener_ = std::thread([this] { Listen(); });
}

PostgresDoorbell::~PostgresDoorbell() {
  Stop();
  {
    MutexLock lock(&mutex_);
    ending_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  listener_.join();
}

void PostgresDoorbell::Ring(absl::string_view topic) {
  local_.Ring(topic);
  {
    MutexLock lock(&mutex_);
    pending_.emplace(topic);
  }
  ::eventfd_write(wake_.get(), 1);
}

void PostgresDoorbell::Listen() {
  while (WaitForNews(connection_ == nullptr ? kReconnectDelayMs : -1)) {
    if (connection_ == nullptr) Reconnect();
    if (connection_ != nullptr) SendPending();
    if (connection_ != nullptr) ReceiveAll();
    if (connection_ != nullptr && !connection_->Usable()) connection_.reset();
  }
}

bool PostgresDoorbell::WaitForNews(int timeout_ms) {
  // poll passes over a negative descriptor.
  const int socket = connection_ == nullptr ? -1 : PQsocket(connection_->handle());
  std::array<pollfd, 2> waits = {pollfd{socket, POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
  ::poll(waits.data(), waits.size(), timeout_ms);
  eventfd_t ignored = 0;
  ::eventfd_read(wake_.get(), &ignored);
  MutexLock lock(&mutex_);
  return !ending_;
}

void PostgresDoorbell::Reconnect() {
  absl::StatusOr<std::unique_ptr<PostgresConnection>> connection = ConnectAndListen(uri_);
  if (!connection.ok()) return;
  connection_ = *std::move(connection);
  connection_->SetWatch([this] { return CheckEnding(); });
  for (const absl::string_view topic : {kJobsTopic, kOutboxTopic, kEventsTopic}) {
    local_.Ring(topic);
  }
}

absl::Status PostgresDoorbell::CheckEnding() {
  MutexLock lock(&mutex_);
  return ending_ ? absl::CancelledError("the doorbell is being taken down") : absl::OkStatus();
}

void PostgresDoorbell::ReceiveAll() {
  PGconn* handle = connection_->handle();
  // Fails only when the connection is lost, which Usable() then says.
  PQconsumeInput(handle);
  while (PGnotify* notification = PQnotifies(handle)) {
    local_.Ring(notification->extra);
    PQfreemem(notification);
  }
}

void PostgresDoorbell::SendPending() {
  std::set<std::string> topics;
  {
    MutexLock lock(&mutex_);
    topics.swap(pending_);
  }
  Notify(*connection_, std::vector<std::string>(topics.begin(), topics.end())).IgnoreError();
}

}  // namespace camnode
