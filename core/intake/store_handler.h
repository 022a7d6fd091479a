// What the network layer knows of the rest of the node: someone who takes
// instances.  StorageScp turns DIMSE into these calls and their Status into a
// C-STORE answer (dimse_status.h).

#ifndef CAMNODE_CORE_INTAKE_STORE_HANDLER_H_
#define CAMNODE_CORE_INTAKE_STORE_HANDLER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/uid.h"

namespace camnode {

// One C-STORE-RQ, before its data set.
struct StoreRequest {
  int64_t association = 0;  // Number of the association in this process.
  std::string calling_ae;   // Checked and trimmed.
  std::string called_ae;
  std::string peer_address;  // IP address as text.
  Uid sop_class_uid;         // From the command, checked.
  Uid sop_instance_uid;
  Uid transfer_syntax_uid;  // Of the presentation context.
};

// Takes one data set.  Used by one thread.  Destroyed before Finish, it forgets
// everything that it was given.
class InstanceSink {
 public:
  virtual ~InstanceSink() = default;

  // The data set's bytes, in order, as they came from the wire.  After an error
  // nothing more is appended and Finish is not called.
  virtual absl::Status Append(absl::string_view bytes) = 0;

  // OK: the instance is durable and the peer may be told so.  Anything else is
  // the reason for the answer; nothing was kept.
  virtual absl::Status Finish() = 0;
};

// Thread-safe; called by every association's thread.
class StoreHandler {
 public:
  virtual ~StoreHandler() = default;

  // Whether to take the instance at all, asked before its data set is read.
  // Errors: kResourceExhausted when there is too little disk or too much work
  // waiting; any other code refuses the instance in the same way.
  virtual absl::StatusOr<std::unique_ptr<InstanceSink>> Admit(const StoreRequest& request) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INTAKE_STORE_HANDLER_H_
