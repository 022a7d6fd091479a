#include "scp/receive/acceptor_options.h"

#include "core/base/option_ranges.h"
#include "core/base/status_macros.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"

namespace camnode {

static_assert(kMinPduBytes == ASC_MINIMUMPDUSIZE && kMaxPduBytes == ASC_MAXIMUMPDUSIZE,
              "DCMTK takes other PDUs than the option allows");

absl::Status CheckAcceptorOptions(const AcceptorOptions& options) {
  AcceptorSettings settings = options.settings;
  OptionRanges ranges;
  ReadOptions(ranges, &settings);
  CAMNODE_RETURN_IF_ERROR(ranges.status());
  OptionRanges tls_ranges;
  ReadTlsPort(tls_ranges, &settings);
  if (!tls_ranges.status().ok()) return absl::InvalidArgumentError("tls_port is out of range");
  if (settings.port == kNoPort && settings.tls_port == kNoPort) {
    return absl::InvalidArgumentError("port and tls_port are both off");
  }
  if (settings.tls_port != kNoPort && options.tls == nullptr) {
    return absl::InvalidArgumentError("tls_port needs certificates");
  }
  if (options.drain_timeout < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("drain_timeout is out of range");
  }
  return absl::OkStatus();
}

}  // namespace camnode
