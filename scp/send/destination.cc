#include "scp/send/destination.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace camnode {
namespace {

constexpr absl::string_view kReturnPrefix = "return:";
constexpr absl::string_view kReturnByTlsPrefix = "return+tls:";

absl::Status CheckRemote(const RemoteAe& remote) {
  if (remote.ae_title.empty()) return absl::InvalidArgumentError("AE title is empty");
  if (remote.host.empty()) return absl::InvalidArgumentError("host is empty");
  if (remote.port < 1 || remote.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("port ", remote.port, " is not 1 to 65535"));
  }
  return absl::OkStatus();
}

// "AE@host:port".  Neither host nor port holds '@', and the port no ':', so the
// last of each separates, whatever the AE title and an IPv6 address hold.
absl::StatusOr<RemoteAe> ParseReturn(absl::string_view text) {
  const absl::Status error = absl::NotFoundError("malformed return destination");
  const size_t at = text.rfind('@');
  const size_t colon = text.rfind(':');
  if (at == absl::string_view::npos || colon == absl::string_view::npos || colon < at) return error;

  RemoteAe remote;
  const absl::StatusOr<AeTitle> ae_title = AeTitle::Parse(text.substr(0, at));
  if (!ae_title.ok() || !absl::SimpleAtoi(text.substr(colon + 1), &remote.port)) return error;
  remote.ae_title = *ae_title;
  remote.host = std::string(text.substr(at + 1, colon - at - 1));
  if (!CheckRemote(remote).ok()) return error;
  return remote;
}

}  // namespace

std::string ReturnDestinationName(const RemoteAe& remote) {
  return absl::StrCat(remote.tls ? kReturnByTlsPrefix : kReturnPrefix, remote.ae_title.text(), "@",
                      remote.host, ":", remote.port);
}

absl::Status DestinationDirectory::Add(const std::string& name, const RemoteAe& remote) {
  if (name.empty()) return absl::InvalidArgumentError("a destination needs a name");
  if (absl::StartsWith(name, kReturnPrefix) || absl::StartsWith(name, kReturnByTlsPrefix)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "destination '", name, "': names that start with 'return:' or 'return+tls:' are reserved"));
  }
  const absl::Status status = CheckRemote(remote);
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
  absl::string_view rest = name;
  const bool tls = absl::ConsumePrefix(&rest, kReturnByTlsPrefix);
  if (tls || absl::ConsumePrefix(&rest, kReturnPrefix)) {
    absl::StatusOr<RemoteAe> remote = ParseReturn(rest);
    if (remote.ok()) remote->tls = tls;
    return remote;
  }
  return absl::NotFoundError(absl::StrCat("no destination is called '", name, "'"));
}

}  // namespace camnode
