// Where derived instances are sent, by name.

#ifndef CAMNODE_SCP_SEND_DESTINATION_H_
#define CAMNODE_SCP_SEND_DESTINATION_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scp/settings/remote_ae.h"

namespace camnode {

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
