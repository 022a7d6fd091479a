#include "services/worker/confinement.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/storage/blobs/blob_layout.h"
#include "services/privileges/call_filter.h"
#include "services/privileges/file_writing.h"
#include "services/privileges/process_rights.h"

namespace camnode {
namespace {

bool MayUseGpu(const Config& config) { return config.worker.device != "cpu"; }

WritableFiles NeededFiles(const Config& config, const DatabaseAccess& database) {
  const std::string blobs = BlobDirectory(config.data_directory);
  WritableFiles needed;
  needed.files = database.files;
  needed.work_folders = {PartFolder(blobs, BlobParts::kOfWorker)};
  needed.archive_folders = {blobs};
  needed.socket_folders = database.socket_folders;
  // The driver's devices are files that are opened for writing.
  if (MayUseGpu(config)) needed.device_folders = {"/dev"};
  const std::string crash_folder = CrashPointFolder();
  if (!crash_folder.empty()) needed.work_folders.push_back(crash_folder);
  return needed;
}

}  // namespace

absl::Status ConfineFiles(const Config& config, const DatabaseAccess& database) {
  CAMNODE_RETURN_IF_ERROR(LimitMemory(config.worker.max_memory_bytes));
  if (!config.worker.confined) {
    Log(LogLevel::kWarning, "worker_not_confined",
        {{LogField::kReason,
          "worker.confined is false: whoever takes over the decoder by a film may do what this "
          "user may"}});
    return ForbidCoreFiles();
  }
  // It would take /var/tmp.
  KeepTemporaryFilesIn(PartFolder(BlobDirectory(config.data_directory), BlobParts::kOfWorker));
  CAMNODE_RETURN_IF_ERROR(ForbidCoreDumps());
  CAMNODE_RETURN_IF_ERROR(ForbidNewPrivileges());
  CAMNODE_RETURN_IF_ERROR(DropCapabilities());
  const absl::StatusOr<int> version = ForbidOtherWriting(NeededFiles(config, database));
  if (absl::IsUnimplemented(version.status())) {
    Log(LogLevel::kWarning, "worker_files_not_confined",
        {{LogField::kReason, absl::StrCat(version.status().message(),
                                          "; the worker can change whatever files its user can")}});
    return absl::OkStatus();
  }
  CAMNODE_RETURN_IF_ERROR(version.status());
  Log(LogLevel::kInfo, "worker_files_confined",
      {{LogField::kReason,
        absl::StrCat("Landlock ", *version, ": writes its own part files and the database only")}});
  return absl::OkStatus();
}

absl::Status ConfineCalls(const Config& config, const DatabaseAccess& database) {
  if (!config.worker.confined) return absl::OkStatus();
  CallFilterNeeds needs;
  needs.database_server = database.server;
  needs.gpu = MayUseGpu(config);
  absl::Status filtered = FilterCalls(needs);
  if (!filtered.ok()) {
    return Annotate(std::move(filtered),
                    "the worker would not be confined (worker.confined: false "
                    "allows that)");
  }
  Log(LogLevel::kInfo, "worker_calls_confined",
      {{LogField::kReason, absl::StrCat("seccomp: runs no program, ",
                                        needs.database_server ? "opens sockets to the database"
                                                              : "opens no socket")}});
  return absl::OkStatus();
}

}  // namespace camnode
