#include "services/node/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

#include "core/base/unique_descriptor.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

// What systemd does: binds a socket and reads what comes.
class Listener {
 public:
  // `name` begins with "@" for one without a file.
  explicit Listener(const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }

  // The next message; "" if there is none.
  std::string Next() {
    std::array<char, 256> bytes{};
    const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(bytes.data(), static_cast<size_t>(size));
  }

 private:
  const UniqueDescriptor socket_{socket(AF_UNIX, SOCK_DGRAM, 0)};
};

TEST(ServiceManagerTest, IsToldInItsOwnWords) {
  const TemporaryDirectory folder;
  for (const std::string& name :
       {folder.path() + "/notify", "@camnode-test-" + std::to_string(getpid())}) {
    Listener systemd(name);
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    const ServiceManager manager = ServiceManager::FromEnvironment();
    EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr) << "programs that we start must not speak for us";
    manager.SayReady();
    manager.SayAlive();
    manager.SayStopping();
    EXPECT_EQ(systemd.Next(), "READY=1");
    EXPECT_EQ(systemd.Next(), "WATCHDOG=1");
    EXPECT_EQ(systemd.Next(), "STOPPING=1");
    EXPECT_EQ(systemd.Next(), "");
  }
}

TEST(ServiceManagerTest, NobodyNeedListen) {
  unsetenv("NOTIFY_SOCKET");
  ServiceManager::FromEnvironment().SayReady();
  ServiceManager("/nowhere/notify").SayReady();
  ServiceManager(std::string(500, 'x')).SayReady();
}

}  // namespace
}  // namespace camnode
