#include "scp/guarded_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

int64_t MonotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void SetOption(int socket, int option) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, option, &on, sizeof on);
}

}  // namespace

GuardedConnection::GuardedConnection(int socket, const GuardedConnectionOptions& options)
    : DcmTCPConnection(socket), options_(options), guard_(options.guard) {
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  SetOption(socket, TCP_NODELAY);
  SetOption(socket, TCP_QUICKACK);
}

void GuardedConnection::SetDeadline(absl::Duration from_now) {
  deadline_ns_ = MonotonicNs() + absl::ToInt64Nanoseconds(from_now);
}

int64_t GuardedConnection::IdleUntil() const {
  return MonotonicNs() + absl::ToInt64Nanoseconds(options_.idle_timeout);
}

GuardedConnection::Wait GuardedConnection::Poll(short events, int64_t until_ns,
                                                const StopSignal* interrupt) {
  pollfd polled[] = {{getSocket(), events, 0},
                     {options_.stop ? options_.stop->descriptor() : -1, POLLIN, 0},
                     {interrupt ? interrupt->descriptor() : -1, POLLIN, 0}};
  const int64_t end_ns = std::min(until_ns, deadline_ns_);
  while (true) {
    const int64_t left_ns = end_ns - MonotonicNs();
    // Rounded up, so that the last wait does not end a little early and spin.
    const int64_t left_ms = std::clamp<int64_t>((left_ns + kNsPerMs - 1) / kNsPerMs, 0, 60'000);
    const int ready = poll(polled, 3, static_cast<int>(left_ms));
    if (ready < 0 && errno != EINTR) return Wait::kInterrupted;
    if (ready > 0) {
      const bool interrupted = polled[1].revents != 0 || polled[2].revents != 0;
      return interrupted ? Wait::kInterrupted : Wait::kReadable;
    }
    if (ready == 0 && MonotonicNs() >= end_ns) return Wait::kTimeout;
  }
}

GuardedConnection::Wait GuardedConnection::WaitReadable(const StopSignal* interrupt) {
  return Poll(POLLIN, IdleUntil(), interrupt);
}

ssize_t GuardedConnection::Fail(absl::Status why, int error) {
  broken_ = broken_ || absl::IsInvalidArgument(why);
  if (options_.failure != nullptr && options_.failure->ok()) *options_.failure = std::move(why);
  errno = error;
  return -1;
}

ssize_t GuardedConnection::read(void* buffer, size_t size) {
  while (true) {
    if (broken_) return Fail(absl::InvalidArgumentError("read after a malformed PDU"), EPROTO);
    if (deadline_ns_ != kNever && MonotonicNs() >= deadline_ns_) {
      return Fail(absl::DeadlineExceededError("peer too slow"), ETIMEDOUT);
    }
    if (options_.stop != nullptr && options_.stop->raised()) {
      return Fail(absl::CancelledError("node stops"), ECANCELED);
    }
    const ssize_t got = recv(getSocket(), buffer, size, MSG_DONTWAIT);
    if (got > 0) {
      SetOption(getSocket(), TCP_QUICKACK);  // The kernel drops the setting after a while.
      absl::Status status = guard_.Consume(
          absl::string_view(static_cast<const char*>(buffer), static_cast<size_t>(got)));
      return status.ok() ? got : Fail(std::move(status), EPROTO);
    }
    if (got == 0) {
      Fail(absl::UnavailableError("peer closed the connection"), 0);
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      return Fail(absl::UnavailableError("connection lost"), errno);
    }
    switch (Poll(POLLIN, IdleUntil(), nullptr)) {
      case Wait::kReadable:
      case Wait::kInterrupted:
        break;
      case Wait::kTimeout:
        return Fail(absl::DeadlineExceededError("peer silent or too slow"), ETIMEDOUT);
    }
  }
}

// DCMTK expects all bytes to be written at once.
ssize_t GuardedConnection::write(void* buffer, size_t size) {
  const char* next = static_cast<const char*>(buffer);
  size_t left = size;
  while (left > 0) {
    if (options_.stop != nullptr && options_.stop->raised()) {
      return Fail(absl::CancelledError("node stops"), ECANCELED);
    }
    const ssize_t put = send(getSocket(), next, left, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put >= 0) {
      next += put;
      left -= static_cast<size_t>(put);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      return Fail(absl::UnavailableError("connection lost"), errno);
    }
    if (Poll(POLLOUT, IdleUntil(), nullptr) == Wait::kTimeout) {
      return Fail(absl::DeadlineExceededError("peer takes no bytes"), ETIMEDOUT);
    }
  }
  return static_cast<ssize_t>(size);
}

OFBool GuardedConnection::networkDataAvailable(int timeout_s) {
  if (broken_) return OFTrue;  // Let read() say so.
  const int64_t asked_ns = MonotonicNs() + int64_t{std::max(timeout_s, 0)} * 1000 * kNsPerMs;
  const bool readable = Poll(POLLIN, std::min(asked_ns, IdleUntil()), nullptr) == Wait::kReadable;
  if (!readable && timeout_s > 0) {
    if (options_.stop != nullptr && options_.stop->raised()) {
      Fail(absl::CancelledError("node stops"), ECANCELED);
    } else {
      Fail(absl::DeadlineExceededError("peer silent or too slow"), ETIMEDOUT);
    }
  }
  return readable;
}

std::string PeerAddressOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, text,
              sizeof text);
  } else if (address.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, text,
              sizeof text);
  }
  return text;
}

}  // namespace camnode
