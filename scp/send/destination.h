// Where derived instances are sent, by name.

#ifndef CAMNODE_SCP_SEND_DESTINATION_H_
#define CAMNODE_SCP_SEND_DESTINATION_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scp/receive/application_entity.h"

namespace camnode {

// A peer that we call.
struct RemoteAe {
  AeTitle ae_title;
  std::string host;  // Name or address.
  int port = 0;      // 1 to 65535.
  bool tls = false;
  // With tls: the name or address that the peer's certificate must carry; "": any.
  std::string tls_server_name = "";
};

// The name of the destination "back to who sent it".  The name holds all that is
// needed to call the peer, "return:AE@host:port" or "return+tls:AE@host:port", so that deliveries
// waiting in the outbox survive a restart and a change of configuration.
std::string ReturnDestinationName(const RemoteAe& remote);

// Immutable once handed to an OutboxSender; thread-safe.
class DestinationDirectory {
 public:
  // Errors: kInvalidArgument if the name is empty, taken or starts with
  // "return:" or "return+tls:", the AE title or host is empty, or the port is out of range.
  absl::Status Add(const std::string& name, const RemoteAe& remote);

  // A configured name, or one made by ReturnDestinationName.
  // Errors: kNotFound.
  absl::StatusOr<RemoteAe> Find(const std::string& name) const;

 private:
  std::map<std::string, RemoteAe> destinations_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_SEND_DESTINATION_H_
