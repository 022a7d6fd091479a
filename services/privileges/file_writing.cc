#include "services/privileges/file_writing.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/base/unique_descriptor.h"

namespace camnode {
namespace {

// In Linux 6.2 and later, and not in the headers of Debian 12.
constexpr uint64_t kTruncate = uint64_t{1} << 14;
// The first that lets a file be renamed into another folder at all (Linux 5.19).
constexpr int kOldestVersion = 2;
constexpr int kVersionWithTruncate = 3;

constexpr uint64_t kWrite = LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;
constexpr uint64_t kMakeAndRemove = LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr uint64_t kMove = LANDLOCK_ACCESS_FS_REFER;
constexpr uint64_t kEveryChange = kWrite | kMakeAndRemove | kMove | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;

int VersionOfKernel() {
  return static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION));
}

class Ruleset {
 public:
  Ruleset(UniqueDescriptor descriptor, uint64_t handled)
      : descriptor_(std::move(descriptor)), handled_(handled) {}

  absl::Status Allow(const std::vector<std::string>& paths, uint64_t access) const {
    for (const std::string& path : paths) {
      const UniqueDescriptor place(::open(path.c_str(), O_PATH | O_CLOEXEC));
      if (!place.valid()) return StatusOfErrno(errno, absl::StrCat("cannot open ", path));
      const landlock_path_beneath_attr rule = {access & handled_, place.get()};
      if (::syscall(SYS_landlock_add_rule, descriptor_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule,
                    0) != 0) {
        return StatusOfErrno(errno, absl::StrCat("Landlock takes no rule for ", path));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Enforce() const {
    if (::syscall(SYS_landlock_restrict_self, descriptor_.get(), 0) == 0) return absl::OkStatus();
    return StatusOfErrno(errno, "Landlock restricts nothing");
  }

 private:
  const UniqueDescriptor descriptor_;
  const uint64_t handled_;
};

}  // namespace

absl::StatusOr<int> ForbidOtherWriting(const WritableFiles& writable) {
  const int version = VersionOfKernel();
  if (version < kOldestVersion) {
    return absl::UnimplementedError(absl::StrCat(
        version > 0
            ? "the kernel's Landlock is older than Linux 5.19"
            : "the kernel has no Landlock, or it is off (Linux 5.19, boot option lsm=...)"));
  }
  const uint64_t handled =
      version < kVersionWithTruncate ? kEveryChange & ~kTruncate : kEveryChange;
  const landlock_ruleset_attr attributes = {handled};
  UniqueDescriptor descriptor(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
  if (!descriptor.valid()) return StatusOfErrno(errno, "Landlock makes no ruleset");
  const Ruleset rules(std::move(descriptor), handled);
  CAMNODE_RETURN_IF_ERROR(rules.Allow(writable.files, kWrite));
  CAMNODE_RETURN_IF_ERROR(rules.Allow(writable.work_folders, kWrite | kMakeAndRemove | kMove));
  // No right to write or remove: so nothing there can be replaced, and nothing be moved from
  // there to where it could be written, which Landlock refuses by itself.
  CAMNODE_RETURN_IF_ERROR(
      rules.Allow(writable.archive_folders, LANDLOCK_ACCESS_FS_MAKE_REG | kMove));
  CAMNODE_RETURN_IF_ERROR(rules.Allow(
      writable.socket_folders, LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE));
  CAMNODE_RETURN_IF_ERROR(
      rules.Allow(writable.device_folders, LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate));
  CAMNODE_RETURN_IF_ERROR(rules.Enforce());
  return version;
}

}  // namespace camnode
