#include "services/privileges/process_rights.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

absl::Status Refused(absl::string_view what) {
  return absl::InternalError(absl::StrCat("the kernel refuses ", what, ": ", std::strerror(errno)));
}

}  // namespace

absl::Status CheckUser(bool allow_root) {
  if (allow_root || (::getuid() != 0 && ::geteuid() != 0)) return absl::OkStatus();
  return absl::PermissionDeniedError(
      "will not run as root: whoever breaks in by a film would own the machine.  Make a user for "
      "it "
      "(deploy/systemd has a unit that does), give that user the data directory, and start again; "
      "to run as root all the same, write `allow_root: true` into the configuration");
}

absl::Status ForbidCoreFiles() {
  const rlimit none = {0, 0};
  return ::setrlimit(RLIMIT_CORE, &none) == 0 ? absl::OkStatus() : Refused("RLIMIT_CORE 0");
}

absl::Status ForbidCoreDumps() {
  CAMNODE_RETURN_IF_ERROR(ForbidCoreFiles());
  // Collectors (systemd-coredump, apport) get a process's memory by a pipe, whatever its limit.
  return ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? absl::OkStatus()
                                                   : Refused("PR_SET_DUMPABLE 0");
}

absl::Status ForbidNewPrivileges() {
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? absl::OkStatus()
                                                       : Refused("PR_SET_NO_NEW_PRIVS");
}

absl::Status DropCapabilities() {
  if (::geteuid() != 0) return absl::OkStatus();
  // As glibc has no function for it.
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {};
  if (::syscall(SYS_capget, &header, kept) != 0) return Refused("capget");
  const uint32_t wanted = uint32_t{1} << CAP_DAC_OVERRIDE;
  kept[0] = {kept[0].effective & wanted, kept[0].permitted & wanted, 0};
  kept[1] = {0, 0, 0};
  return ::syscall(SYS_capset, &header, kept) == 0 ? absl::OkStatus() : Refused("capset");
}

absl::Status LimitMemory(int64_t max_bytes) {
  if (max_bytes <= 0) return absl::OkStatus();
  const auto bytes = static_cast<rlim_t>(max_bytes);
  rlimit limit{};
  if (::getrlimit(RLIMIT_DATA, &limit) != 0) return Refused("to tell RLIMIT_DATA");
  // Who started us may have set less: that counts.
  if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max <= bytes) return absl::OkStatus();
  limit = {bytes, bytes};
  return ::setrlimit(RLIMIT_DATA, &limit) == 0 ? absl::OkStatus() : Refused("RLIMIT_DATA");
}

}  // namespace camnode
