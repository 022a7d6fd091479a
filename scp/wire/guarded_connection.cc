#include "scp/wire/guarded_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/string_view.h"
#include "dcmtk/dcmnet/cond.h"
#include "dcmtk/dcmnet/dul.h"

namespace camnode {
namespace {

// Type, a reserved byte and the length of what follows (PS3.8 9.3.1).
constexpr size_t kPduHeaderBytes = 6;

void SetOption(int socket, int option) {
  const int on = 1;
  setsockopt(socket, IPPROTO_TCP, option, &on, sizeof on);
}

}  // namespace

GuardedConnection::GuardedConnection(int socket, const GuardedConnectionOptions& options,
                                     std::unique_ptr<TlsStream> tls)
    : DcmTCPConnection(socket), options_(options), tls_(std::move(tls)), guard_(options.guard) {
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  SetOption(socket, TCP_NODELAY);
  SetOption(socket, TCP_QUICKACK);
}

GuardedConnection::~GuardedConnection() {
  if (tls_ != nullptr) tls_->Close();
}

void GuardedConnection::close() {
  if (tls_ != nullptr) tls_->Close();
  tls_.reset();
  DcmTCPConnection::close();
}

void GuardedConnection::closeTransportConnection() {
  tls_.reset();
  DcmTCPConnection::closeTransportConnection();
}

void GuardedConnection::SetDeadline(absl::Duration from_now) { deadline_ = Deadline(from_now); }

GuardedConnection::Wait GuardedConnection::Poll(short events, const Deadline& until,
                                                const StopSignal* interrupt) {
  pollfd polled[] = {{getSocket(), events, 0},
                     {options_.stop ? options_.stop->descriptor() : -1, POLLIN, 0},
                     {interrupt ? interrupt->descriptor() : -1, POLLIN, 0}};
  while (true) {
    const absl::Duration left =
        std::min({until.Remaining(), deadline_.Remaining(), absl::Minutes(1)});
    // Rounded up, so that the last wait does not end a little early and spin.
    const int64_t left_ms = absl::ToInt64Milliseconds(absl::Ceil(left, absl::Milliseconds(1)));
    const int ready = poll(polled, 3, static_cast<int>(left_ms));
    if (ready < 0 && errno != EINTR) return Wait::kInterrupted;
    if (ready > 0) {
      const bool interrupted = polled[1].revents != 0 || polled[2].revents != 0;
      return interrupted ? Wait::kInterrupted : Wait::kReadable;
    }
    if (ready == 0 && (until.Expired() || deadline_.Expired())) return Wait::kTimeout;
  }
}

GuardedConnection::Wait GuardedConnection::PollForData(const Deadline& until,
                                                       const StopSignal* interrupt) {
  if (tls_ == nullptr) return Poll(POLLIN, until, interrupt);
  while (true) {
    const TlsStream::Result result = tls_->Peek();
    const bool waits =
        result == TlsStream::Result::kWantsToRead || result == TlsStream::Result::kWantsToWrite;
    // Whatever is wrong, read() will say so.
    if (!waits && (interrupt == nullptr || !interrupt->raised())) return Wait::kReadable;
    const short events = result == TlsStream::Result::kWantsToWrite ? POLLOUT : POLLIN;
    const Wait wait = Poll(events, until, interrupt);
    if (wait != Wait::kReadable) return wait;
  }
}

GuardedConnection::Wait GuardedConnection::WaitReadable(const StopSignal* interrupt) {
  return PollForData(IdleUntil(), interrupt);
}

ssize_t GuardedConnection::Fail(absl::Status why, int error) {
  broken_ = broken_ || absl::IsInvalidArgument(why);
  if (options_.failure != nullptr && options_.failure->ok()) *options_.failure = std::move(why);
  errno = error;
  return -1;
}

ssize_t GuardedConnection::FailTransfer() {
  if (tls_ != nullptr) return Fail(absl::UnavailableError(tls_->reason()), EPROTO);
  return Fail(absl::UnavailableError("connection lost"), errno);
}

absl::Status GuardedConnection::MayGoOn() const {
  if (broken_) return absl::InvalidArgumentError("read after a malformed PDU");
  if (deadline_.Expired()) return absl::DeadlineExceededError("peer too slow");
  if (options_.stop != nullptr && options_.stop->raised()) {
    return absl::CancelledError("node stops");
  }
  return absl::OkStatus();
}

GuardedConnection::Transfer GuardedConnection::ToTransfer(TlsStream::Result result) const {
  switch (result) {
    case TlsStream::Result::kDone:
      return Transfer::kMoved;
    case TlsStream::Result::kWantsToRead:
      return Transfer::kWaitForRead;
    case TlsStream::Result::kWantsToWrite:
      return Transfer::kWaitForWrite;
    case TlsStream::Result::kClosed:
      return Transfer::kClosed;
    case TlsStream::Result::kFailed:
      break;
  }
  return Transfer::kFailed;
}

GuardedConnection::Transfer GuardedConnection::Receive(void* buffer, size_t size, size_t* moved) {
  if (tls_ != nullptr) return ToTransfer(tls_->Read(buffer, size, moved));
  while (true) {
    const ssize_t got = recv(getSocket(), buffer, size, MSG_DONTWAIT);
    *moved = static_cast<size_t>(std::max<ssize_t>(got, 0));
    if (got > 0) return Transfer::kMoved;
    if (got == 0) return Transfer::kClosed;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Transfer::kWaitForRead : Transfer::kFailed;
  }
}

GuardedConnection::Transfer GuardedConnection::Send(const char* bytes, size_t size,
                                                    bool more_follows, size_t* moved) {
  if (tls_ != nullptr) return ToTransfer(tls_->Write(bytes, size, moved));
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
  while (true) {
    const ssize_t put = send(getSocket(), bytes, size, flags);
    *moved = static_cast<size_t>(std::max<ssize_t>(put, 0));
    if (put >= 0) return Transfer::kMoved;
    if (errno == EINTR) continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? Transfer::kWaitForWrite : Transfer::kFailed;
  }
}

OFCondition GuardedConnection::serverSideHandshake() { return ShakeHands(); }
OFCondition GuardedConnection::clientSideHandshake() { return ShakeHands(); }

std::vector<std::string> GuardedConnection::PeerNames() const {
  return tls_ == nullptr ? std::vector<std::string>() : tls_->PeerNames();
}

OFCondition GuardedConnection::ShakeHands() {
  const auto failed = [&](absl::Status why) {
    Fail(std::move(why), EPROTO);
    return makeDcmnetCondition(DULC_TLSERROR, OF_error, "TLS handshake failed");
  };
  while (tls_ != nullptr) {
    absl::Status may = MayGoOn();
    if (!may.ok()) return failed(std::move(may));
    const Transfer transfer = ToTransfer(tls_->Handshake());
    if (transfer == Transfer::kMoved) break;
    if (transfer == Transfer::kClosed || transfer == Transfer::kFailed) {
      return failed(absl::UnavailableError(tls_->reason()));
    }
    const short events = transfer == Transfer::kWaitForWrite ? POLLOUT : POLLIN;
    if (Poll(events, IdleUntil(), nullptr) == Wait::kTimeout) {
      return failed(absl::DeadlineExceededError("no TLS handshake in time"));
    }
  }
  return EC_Normal;
}

ssize_t GuardedConnection::read(void* buffer, size_t size) {
  while (true) {
    absl::Status may = MayGoOn();
    if (!may.ok()) return Fail(std::move(may), EPROTO);
    size_t got = 0;
    short events = POLLIN;
    switch (Receive(buffer, size, &got)) {
      case Transfer::kMoved: {
        SetOption(getSocket(), TCP_QUICKACK);  // The kernel drops the setting after a while.
        absl::Status status =
            guard_.Consume(absl::string_view(static_cast<const char*>(buffer), got));
        return status.ok() ? static_cast<ssize_t>(got) : Fail(std::move(status), EPROTO);
      }
      case Transfer::kClosed:
        Fail(absl::UnavailableError("peer closed the connection"), 0);
        return 0;
      case Transfer::kFailed:
        return FailTransfer();
      case Transfer::kWaitForWrite:
        events = POLLOUT;
        break;
      case Transfer::kWaitForRead:
        break;
    }
    if (Poll(events, IdleUntil(), nullptr) == Wait::kTimeout) {
      return Fail(absl::DeadlineExceededError("peer silent or too slow"), ETIMEDOUT);
    }
  }
}

// DCMTK writes the first bytes of each PDU and the rest apart; sent apart, they would
// wake the peer twice.
bool GuardedConnection::InsidePduAfter(const void* bytes, size_t size) {
  const auto* start = static_cast<const uint8_t*>(bytes);
  if (pdu_out_left_ == 0 && size >= kPduHeaderBytes) {
    pdu_out_left_ = kPduHeaderBytes + (uint64_t{start[2]} << 24 | uint64_t{start[3]} << 16 |
                                       uint64_t{start[4]} << 8 | uint64_t{start[5]});
  }
  pdu_out_left_ -= std::min<uint64_t>(size, pdu_out_left_);
  return pdu_out_left_ > 0;
}

// DCMTK expects all bytes to be written at once.
ssize_t GuardedConnection::write(void* buffer, size_t size) {
  const char* next = static_cast<const char*>(buffer);
  size_t left = size;
  const bool more_follows = InsidePduAfter(buffer, size);
  while (left > 0) {
    if (options_.stop != nullptr && options_.stop->raised()) {
      return Fail(absl::CancelledError("node stops"), ECANCELED);
    }
    size_t put = 0;
    short events = POLLOUT;
    switch (Send(next, left, more_follows, &put)) {
      case Transfer::kMoved:
        next += put;
        left -= put;
        continue;
      case Transfer::kClosed:
      case Transfer::kFailed:
        return FailTransfer();
      case Transfer::kWaitForRead:
        events = POLLIN;
        break;
      case Transfer::kWaitForWrite:
        break;
    }
    if (Poll(events, IdleUntil(), nullptr) == Wait::kTimeout) {
      return Fail(absl::DeadlineExceededError("peer takes no bytes"), ETIMEDOUT);
    }
  }
  return static_cast<ssize_t>(size);
}

OFBool GuardedConnection::networkDataAvailable(int timeout_s) {
  if (broken_) return OFTrue;  // Let read() say so.
  const Deadline until(std::min(absl::Seconds(std::max(timeout_s, 0)), options_.idle_timeout));
  const bool readable = PollForData(until, nullptr) == Wait::kReadable;
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
