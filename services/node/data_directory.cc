#include "services/node/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/durable_file.h"
#include "core/base/files.h"
#include "core/base/random_id.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr size_t kNodeIdDigits = 12;
constexpr int64_t kMaxIdFileBytes = 1024;

std::string PortsPath(const std::string& directory) { return directory + "/ports.json"; }

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path) {
  const absl::Status made = CreateDirectoryDurably(path);
  if (!made.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("data_directory cannot be made: ", made.message()));
  }
  const std::string lock_path = path + "/node.lock";
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("data_directory cannot be written: ", lock_path, ": ", std::strerror(errno)));
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(lock);
    if (error == EWOULDBLOCK) {
      return absl::FailedPreconditionError(
          absl::StrCat("another camnode runs on the data directory ", path,
                       ": stop it, or give this one a data_directory of its own"));
    }
    return absl::FailedPreconditionError(
        absl::StrCat(lock_path, " cannot be locked: ", std::strerror(error)));
  }
  DataDirectory directory(path, lock);
  directory.RemovePorts();  // Of a node that died.
  RemoveLeftParts(PortsPath(path));
  return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) close(lock_);
}

absl::StatusOr<std::string> DataDirectory::NodeId() const {
  const std::string file = path_ + "/node.id";
  absl::StatusOr<std::string> id = ReadFile(file, kMaxIdFileBytes);
  if (absl::IsNotFound(id.status())) {
    RemoveLeftParts(file);
    CAMNODE_ASSIGN_OR_RETURN(id, RandomHexDigits(kNodeIdDigits));
    CAMNODE_RETURN_IF_ERROR(ReplaceFileDurably(file, *id + "\n", FileAccess::kOwnerOnly));
    return id;
  }
  if (!id.ok()) return id;
  id = std::string(absl::StripSuffix(*id, "\n"));
  if (IsHexDigits(*id, kNodeIdDigits)) return id;
  return absl::FailedPreconditionError(absl::StrCat(
      file,
      " is not a file of camnode; expected 12 hexadecimal digits: remove it, and the node "
      "gets another id"));
}

absl::Status DataDirectory::WritePorts(const NodePorts& ports) const {
  const nlohmann::ordered_json json = {{"dicom", ports.dicom},
                                       {"dicom_tls", ports.dicom_tls},
                                       {"grpc", ports.grpc},
                                       {"http", ports.http},
                                       {"pid", getpid()}};
  return ReplaceFileDurably(PortsPath(path_), json.dump() + "\n", FileAccess::kByUmask);
}

void DataDirectory::RemovePorts() const { std::remove(PortsPath(path_).c_str()); }

}  // namespace camnode
