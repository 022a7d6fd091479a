#include "scp/receive/acceptor_options.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"

namespace camnode {
namespace {

constexpr int kMaxPort = 65535;

bool IsPort(int port) { return port >= kNoPort && port <= kMaxPort; }

}  // namespace

absl::Status CheckAcceptorOptions(const AcceptorOptions& options) {
  const auto out_of_range = [](absl::string_view name) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is out of range"));
  };
  if (!IsPort(options.port)) return out_of_range("port");
  if (!IsPort(options.tls_port)) return out_of_range("tls_port");
  if (options.port == kNoPort && options.tls_port == kNoPort) {
    return absl::InvalidArgumentError("port and tls_port are both off");
  }
  if (options.tls_port != kNoPort && options.tls == nullptr) {
    return absl::InvalidArgumentError("tls_port needs certificates");
  }
  if (options.max_associations < 1 || options.max_associations > 1000) {
    return out_of_range("max_associations");
  }
  if (options.max_associations_per_peer < 1) return out_of_range("max_associations_per_peer");
  if (options.max_pdu_bytes < ASC_MINIMUMPDUSIZE || options.max_pdu_bytes > ASC_MAXIMUMPDUSIZE) {
    return out_of_range("max_pdu_bytes");
  }
  if (options.max_instance_bytes < 1) return out_of_range("max_instance_bytes");
  for (const auto& [name, value] :
       {std::pair<absl::string_view, absl::Duration>{"idle_timeout", options.idle_timeout},
        {"association_request_timeout", options.association_request_timeout},
        {"instance_timeout", options.instance_timeout}}) {
    if (value < absl::Milliseconds(1) || value > absl::Hours(24)) return out_of_range(name);
  }
  if (options.drain_timeout < absl::ZeroDuration()) return out_of_range("drain_timeout");
  return absl::OkStatus();
}

}  // namespace camnode
