// The doorbell between programs of one machine: Unix datagram sockets.

#ifndef CAMNODE_CORE_STORAGE_SQL_SOCKET_DOORBELL_H_
#define CAMNODE_CORE_STORAGE_SQL_SOCKET_DOORBELL_H_

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/unique_descriptor.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/local_doorbell.h"

namespace camnode {

// Every object binds one socket of its own in the directory; Ring sends the
// topic's name to every socket there, and removes those whose owner has died.
// Thread-safe.
class SocketDoorbell final : public Doorbell {
 public:
  // Creates the directory if need be; its path may be of any length.
  // Errors: kUnavailable, kResourceExhausted, naming the directory.
  static absl::StatusOr<std::unique_ptr<SocketDoorbell>> Open(const std::string& directory);
  ~SocketDoorbell() override;

  void Ring(absl::string_view topic) override;
  bool Wait(absl::string_view topic, absl::Duration timeout) override {
    return local_.Wait(topic, timeout);
  }
  void Stop() override { local_.Stop(); }

 private:
  SocketDoorbell(UniqueDescriptor directory, UniqueDescriptor socket, UniqueDescriptor wake,
                 std::string name);
  void Listen();
  void SendTo(const char* name, absl::string_view topic);

  const UniqueDescriptor directory_;
  const UniqueDescriptor socket_;
  const UniqueDescriptor wake_;  // Written once, at the end.
  const std::string name_;       // Of our socket in the directory.
  LocalDoorbell local_;
  std::thread listener_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_SOCKET_DOORBELL_H_
