// Takes the connections for gRPC, and no more than there may be: gRPC 1.51 itself takes every
// one, until the process has no descriptor left for a film.

#ifndef CAMNODE_SERVICES_API_CONNECTION_DOOR_H_
#define CAMNODE_SERVICES_API_CONNECTION_DOOR_H_

#include <grpcpp/server_builder.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"
#include "core/base/unique_descriptor.h"

namespace camnode {

// Used by the owner's thread.
class ConnectionDoor {
 public:
  // Listens; nobody is let in yet.  `address`: an IP address.  `port` 0: any free one.
  // Errors: kFailedPrecondition if address or port cannot be had.
  static absl::StatusOr<std::unique_ptr<ConnectionDoor>> Open(const std::string& address, int port,
                                                              int max_connections);
  // As Close.
  ~ConnectionDoor();

  int port() const { return port_; }

  // From now on connections are handed to `server`, which has been started, from a thread of
  // the door's own.  While max_connections of them are open, one more is closed at once; the
  // log says so, once a minute.
  void LetIn(std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server);
  // Nobody is let in any more.
  void Close();

 private:
  // One handed over: gRPC has closed it once its number is another file's, or nobody's.
  struct HandedOver {
    int descriptor;
    ino_t inode;
  };

  ConnectionDoor(UniqueDescriptor listener, UniqueDescriptor wake, int port, int max_connections);
  void Run();
  void Accept();
  bool IsFull();

  const UniqueDescriptor listener_;
  const UniqueDescriptor wake_;  // Written when the thread is to end.
  const int port_;
  const int max_connections_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> server_;
  // The thread's own.
  std::vector<HandedOver> open_;
  Deadline line_due_{absl::ZeroDuration()};
  std::thread thread_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_CONNECTION_DOOR_H_
