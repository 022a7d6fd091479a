// The node's data directory: made, locked against a second node, and where its
// ports are written down.

#ifndef CAMNODE_SERVICES_NODE_DATA_DIRECTORY_H_
#define CAMNODE_SERVICES_NODE_DATA_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {

// Ports that the node listens on; -1: off.
struct NodePorts {
  int dicom = 0;
  int dicom_tls = -1;
  int grpc = 0;
  int http = 0;
};

// Holds the lock for as long as it lives; the kernel takes it back from a process
// that dies.  Move-only.
class DataDirectory {
 public:
  // Makes `path` if need be (mode 0700) and locks PATH/node.lock.
  // Errors: kFailedPrecondition if another node holds it or it cannot be made or
  // written (one sentence that says which and what to do).
  static absl::StatusOr<DataDirectory> Open(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();

  const std::string& path() const { return path_; }

  // PATH/node.id: 12 hexadecimal digits that tell this node from others on one database, the
  // same after each start; drawn and made durable at the first.
  // Errors: kFailedPrecondition if the file is none of ours; ReadFile's, StatusOfErrno's.
  absl::StatusOr<std::string> NodeId() const;

  // PATH/ports.json: {"dicom": 11112, "dicom_tls": 2762, "grpc": 50051, "http": 8080,
  // "pid": 4711},
  // replaced as a whole, so that a reader never sees half of it.
  absl::Status WritePorts(const NodePorts& ports) const;
  void RemovePorts() const;

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_DATA_DIRECTORY_H_
