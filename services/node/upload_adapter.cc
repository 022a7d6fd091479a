#include "services/node/upload_adapter.h"

#include <utility>

#include "core/base/status_macros.h"

namespace camnode {
namespace {

class Sink final : public UploadSink {
 public:
  explicit Sink(IngestUpload upload) : upload_(std::move(upload)) {}

  absl::Status Append(absl::string_view bytes) override { return upload_.Append(bytes); }

  absl::StatusOr<UploadedFilm> Finish() override {
    CAMNODE_ASSIGN_OR_RETURN(Ingested ingested, std::move(upload_).Finish());
    return UploadedFilm{std::move(ingested.instance), ingested.added.job_id.value_or(0),
                        ingested.added.repeat};
  }

 private:
  IngestUpload upload_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<UploadSink>> UploadAdapter::Begin(const UploadWish& wish) {
  UploadRequest request;
  request.media_type = wish.media_type;
  request.deliver = wish.deliver;
  request.workflow = wish.workflow;
  CAMNODE_ASSIGN_OR_RETURN(IngestUpload upload, ingest_.BeginUpload(request));
  return std::unique_ptr<UploadSink>(std::make_unique<Sink>(std::move(upload)));
}

}  // namespace camnode
