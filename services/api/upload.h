// What the gRPC service knows of the rest of the node when a film is uploaded:
// someone who takes its bytes.  node.cc puts the same path behind it that C-STORE
// takes.

#ifndef CAMNODE_SERVICES_API_UPLOAD_H_
#define CAMNODE_SERVICES_API_UPLOAD_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/instance.h"

namespace camnode {

struct UploadWish {
  MediaType media_type = MediaType::kDicom;
  bool deliver = false;  // Its outputs go to the workflow's destinations, too.
  std::string workflow;  // Empty: the first of the configuration.
};

struct UploadedFilm {
  Instance instance;
  int64_t job_id = 0;   // 0: an output of ours came back, which is not analysed.
  bool repeat = false;  // The same bytes were here before.
};

// One film.  Used by one thread.  Destroyed before Finish, it leaves nothing.
class UploadSink {
 public:
  virtual ~UploadSink() = default;
  // Errors: kResourceExhausted if the film is too large or the disk full;
  // kUnavailable.
  virtual absl::Status Append(absl::string_view bytes) = 0;
  // On success film and job are durable.  Called once, last.
  virtual absl::StatusOr<UploadedFilm> Finish() = 0;
};

// Thread-safe.
class UploadHandler {
 public:
  virtual ~UploadHandler() = default;
  // Errors: kInvalidArgument if there is no workflow of that name;
  // kResourceExhausted when there is too little disk or too much waiting.
  virtual absl::StatusOr<std::unique_ptr<UploadSink>> Begin(const UploadWish& wish) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_UPLOAD_H_
