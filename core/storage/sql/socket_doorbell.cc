#include "core/storage/sql/socket_doorbell.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr absl::string_view kSuffix = ".socket";
constexpr size_t kMaxTopicBytes = 64;

std::string NewName() {
  std::random_device random;
  return absl::StrCat(::getpid(), "-", absl::Hex(random(), absl::kZeroPad8), kSuffix);
}

// A socket's address holds 107 bytes of path and data directories may be deeper,
// so the kernel is given the way through the open directory.
sockaddr_un AddressIn(int directory, absl::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = absl::StrCat("/proc/self/fd/", directory, "/", name);
  if (path.size() < sizeof(address.sun_path)) {
    std::memcpy(address.sun_path, path.data(), path.size());
  }
  return address;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SocketDoorbell>> SocketDoorbell::Open(const std::string& directory) {
  CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(directory));
  UniqueDescriptor folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return StatusOfErrno(errno, absl::StrCat("cannot open ", directory));
  UniqueDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  UniqueDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!socket.valid() || !wake.valid()) return StatusOfErrno(errno, "cannot make the doorbell");
  std::string name = NewName();
  const sockaddr_un address = AddressIn(folder.get(), name);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return StatusOfErrno(errno, absl::StrCat("cannot bind a socket in ", directory));
  }
  return std::unique_ptr<SocketDoorbell>(
      new SocketDoorbell(std::move(folder), std::move(socket), std::move(wake), std::move(name)));
}

SocketDoorbell::SocketDoorbell(UniqueDescriptor directory, UniqueDescriptor socket,
                               UniqueDescriptor wake, std::string name)
    : directory_(std::move(directory)),
      socket_(std::move(socket)),
      wake_(std::move(wake)),
      name_(std::move(name)) {
  listener_ = std::thread([this] { Listen(); });
}

SocketDoorbell::~SocketDoorbell() {
  Stop();
  ::eventfd_write(wake_.get(), 1);
  listener_.join();
  ::unlinkat(directory_.get(), name_.c_str(), 0);
}

void SocketDoorbell::Ring(absl::string_view topic) {
  local_.Ring(topic);
  // A descriptor of its own: reading a directory moves its position.
  const int copy = ::openat(directory_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  DIR* listing = ::fdopendir(copy);
  if (listing == nullptr) {
    ::close(copy);
    return;
  }
  while (const dirent* entry = ::readdir(listing)) {
    if (absl::EndsWith(entry->d_name, kSuffix) && entry->d_name != name_) {
      SendTo(entry->d_name, topic);
    }
  }
  ::closedir(listing);
}

void SocketDoorbell::SendTo(const char* name, absl::string_view topic) {
  const sockaddr_un address = AddressIn(directory_.get(), name);
  const ssize_t sent =
      ::sendto(socket_.get(), topic.data(), topic.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // Nobody has the socket open any more: its program died.  A full one (EAGAIN)
  // has rings to answer already.
  if (sent < 0 && errno == ECONNREFUSED) ::unlinkat(directory_.get(), name, 0);
}

void SocketDoorbell::Listen() {
  std::array<pollfd, 2> waits = {pollfd{socket_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
  std::array<char, kMaxTopicBytes> buffer;
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    while (true) {
      const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0) break;
      local_.Ring(absl::string_view(buffer.data(), static_cast<size_t>(size)));
    }
  }
}

}  // namespace camnode
