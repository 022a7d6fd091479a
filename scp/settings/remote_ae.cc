#include "scp/settings/remote_ae.h"

#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace camnode {
namespace {

constexpr absl::string_view kReturnPrefix = "return:";
constexpr absl::string_view kReturnByTlsPrefix = "return+tls:";

}  // namespace

absl::Status CheckRemoteAe(const RemoteAe& remote) {
  if (remote.ae_title.empty()) return absl::InvalidArgumentError("AE title is empty");
  if (remote.host.empty()) return absl::InvalidArgumentError("host is empty");
  if (remote.port < 1 || remote.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("port ", remote.port, " is not 1 to 65535"));
  }
  return absl::OkStatus();
}

std::string ReturnDestinationName(const RemoteAe& remote) {
  return absl::StrCat(remote.tls ? kReturnByTlsPrefix : kReturnPrefix, remote.ae_title.text(), "@",
                      remote.host, ":", remote.port);
}

bool IsReturnDestinationName(absl::string_view name) {
  return absl::StartsWith(name, kReturnPrefix) || absl::StartsWith(name, kReturnByTlsPrefix);
}

// Of "AE@host:port" neither host nor port holds '@', and the port no ':', so the last of
// each separates, whatever the AE title and an IPv6 address hold.
absl::StatusOr<RemoteAe> ParseReturnDestinationName(absl::string_view name) {
  const absl::Status error = absl::NotFoundError("malformed return destination");
  RemoteAe remote;
  absl::string_view text = name;
  remote.tls = absl::ConsumePrefix(&text, kReturnByTlsPrefix);
  if (!remote.tls && !absl::ConsumePrefix(&text, kReturnPrefix)) return error;
  const size_t at = text.rfind('@');
  const size_t colon = text.rfind(':');
  if (at == absl::string_view::npos || colon == absl::string_view::npos || colon < at) return error;

  const absl::StatusOr<AeTitle> ae_title = AeTitle::Parse(text.substr(0, at));
  if (!ae_title.ok() || !absl::SimpleAtoi(text.substr(colon + 1), &remote.port)) return error;
  remote.ae_title = *ae_title;
  remote.host = std::string(text.substr(at + 1, colon - at - 1));
  if (!CheckRemoteAe(remote).ok()) return error;
  return remote;
}

}  // namespace camnode
