#include "scp/send/destination.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace camnode {
absl::Status DestinationDirectory::Add(const std::string& name, const RemoteAe& remote) {
  if (name.empty()) return absl::InvalidArgumentError("a destination needs a name");
  if (IsReturnDestinationName(name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "destination '", name, "': names that start with 'return:' or 'return+tls:' are reserved"));
  }
  const absl::Status status = CheckRemoteAe(remote);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("destination '", name, "': ", status.message()));
  }
  if (!destinations_.emplace(name, remote).second) {
    return absl::InvalidArgumentError(absl::StrCat("destination '", name, "' is there twice"));
  }
  return absl::OkStatus();
}

absl::StatusOr<RemoteAe> DestinationDirectory::Find(const std::string& name) const {
  const auto found = destinations_.find(name);
  if (found != destinations_.end()) return found->second;
  if (IsReturnDestinationName(name)) return ParseReturnDestinationName(name);
  return absl::NotFoundError(absl::StrCat("no destination is called '", name, "'"));
}

}  // namespace camnode
