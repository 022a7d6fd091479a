#include "services/api/connection_door.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/log.h"

namespace camnode {
namespace {

constexpr int kListenBacklog = 128;
// Out of descriptors, accept fails again at once: the connection stays in the queue.
constexpr int kPauseWithoutDescriptorsMs = 100;
constexpr absl::Duration kBetweenLines = absl::Minutes(1);

// Not valid, with errno, if address or port cannot be had.
UniqueDescriptor Listen(const std::string& address, int port) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
  UniqueDescriptor listener(
      socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  bool listens = listener.valid() &&
                 setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0;
  listens = listens && bind(listener.get(), found->ai_addr, found->ai_addrlen) == 0 &&
            listen(listener.get(), kListenBacklog) == 0;
  freeaddrinfo(found);
  return listens ? std::move(listener) : UniqueDescriptor();
}

int PortOf(int socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

// 0 if it is not an open descriptor.
ino_t InodeOf(int descriptor) {
  struct stat status = {};
  return fstat(descriptor, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConnectionDoor>> ConnectionDoor::Open(const std::string& address,
                                                                     int port,
                                                                     int max_connections) {
  UniqueDescriptor listener = Listen(address, port);
  UniqueDescriptor wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!listener.valid() || !wake.valid()) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on ", address, " port ", port,
                     " for gRPC: the port is taken or the address is not this machine's"));
  }
  const int chosen = PortOf(listener.get());
  return std::unique_ptr<ConnectionDoor>(
      new ConnectionDoor(std::move(listener), std::move(wake), chosen, max_connections));
}

ConnectionDoor::ConnectionDoor(UniqueDescriptor listener, UniqueDescriptor wake, int port,
                               int max_connections)
    : listener_(std::move(listener)),
      wake_(std::move(wake)),
      port_(port),
      max_connections_(max_connections) {}

ConnectionDoor::~ConnectionDoor() { Close(); }

void ConnectionDoor::LetIn(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server) {
  server_ = std::move(server);
  thread_ = std::thread([this] { Run(); });
}

void ConnectionDoor::Close() {
  if (!thread_.joinable()) return;
  eventfd_write(wake_.get(), 1);
  thread_.join();
  // Whoever still waits in the queue learns at once that nobody comes.
  shutdown(listener_.get(), SHUT_RDWR);
}

void ConnectionDoor::Run() {
  pollfd polled[] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  while (polled[1].revents == 0) {
    if (poll(polled, 2, -1) > 0 && polled[0].revents != 0) Accept();
  }
}

void ConnectionDoor::Accept() {
  UniqueDescriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!socket.valid()) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      pollfd stop = {wake_.get(), POLLIN, 0};
      poll(&stop, 1, kPauseWithoutDescriptorsMs);
    }
    return;
  }
  if (IsFull()) return;
  const int yes = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  open_.push_back({socket.get(), InodeOf(socket.get())});
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.listener_fd = listener_.get();
  parameters.fd = socket.Release();
  server_->HandleNewConnection(&parameters);
}

bool ConnectionDoor::IsFull() {
  const auto at_limit = [this] { return static_cast<int>(open_.size()) >= max_connections_; };
  if (!at_limit()) return false;
  const auto is_closed = [](const HandedOver& connection) {
    return InodeOf(connection.descriptor) != connection.inode;
  };
  open_.erase(std::remove_if(open_.begin(), open_.end(), is_closed), open_.end());
  if (!at_limit()) return false;
  if (line_due_.Expired()) {
    line_due_ = Deadline(kBetweenLines);
    Log(LogLevel::kWarning, "grpc_connections_refused",
        {{LogField::kCount, max_connections_},
         {LogField::kReason,
          "as many connections are open as may be; who leaves them open? More: "
          "grpc.max_connections "
          "and `ulimit -n`"}});
  }
  return true;
}

}  // namespace camnode
