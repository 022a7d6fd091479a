// Puts scp's Ingest behind the interface that the gRPC service knows.

#ifndef CAMNODE_SERVICES_NODE_UPLOAD_ADAPTER_H_
#define CAMNODE_SERVICES_NODE_UPLOAD_ADAPTER_H_

#include <memory>

#include "core/intake/ingest.h"
#include "services/api/upload.h"

namespace camnode {

// Thread-safe.  Borrows the ingest.
class UploadAdapter final : public UploadHandler {
 public:
  explicit UploadAdapter(Ingest& ingest) : ingest_(ingest) {}

  absl::StatusOr<std::unique_ptr<UploadSink>> Begin(const UploadWish& wish) override;

 private:
  Ingest& ingest_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_UPLOAD_ADAPTER_H_
