// A peer that we call (section `destinations` of the configuration), and the name of one
// that is called back.

#ifndef CAMNODE_SCP_SETTINGS_REMOTE_AE_H_
#define CAMNODE_SCP_SETTINGS_REMOTE_AE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/ae_title.h"

namespace camnode {

struct RemoteAe {
  AeTitle ae_title;
  std::string host;  // Name or address.
  int port = 104;
  bool tls = false;
  // With tls: the name or address that the peer's certificate must carry; "": any.
  std::string tls_server_name = "";
};

// The options that are no texts.
template <typename Reader>
void ReadOptions(Reader&& reader, RemoteAe* remote) {
  reader.Read("port", 1, 65535, &remote->port);
  reader.Read("tls", &remote->tls);
}

// Errors: kInvalidArgument if the AE title or host is empty, or the port is out of range.
absl::Status CheckRemoteAe(const RemoteAe& remote);

// The name of the destination "back to who sent it".  The name holds all that is
// needed to call the peer, "return:AE@host:port" or "return+tls:AE@host:port", so that deliveries
// waiting in the outbox survive a restart and a change of configuration.
std::string ReturnDestinationName(const RemoteAe& remote);

// Whether `name` starts as those names do: no other destination may.
bool IsReturnDestinationName(absl::string_view name);

// The peer in a name that ReturnDestinationName made.
// Errors: kNotFound for any other text.
absl::StatusOr<RemoteAe> ParseReturnDestinationName(absl::string_view name);

}  // namespace camnode

#endif  // CAMNODE_SCP_SETTINGS_REMOTE_AE_H_
