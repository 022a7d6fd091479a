#include "services/api/analyze_instance.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/domain/instance.h"
#include "core/storage/result_store.h"
#include "services/api/call_deadline.h"
#include "services/api/grpc_status.h"

namespace camnode {
namespace {

constexpr std::size_t kMaxChunkBytes = std::size_t{1} << 20;
constexpr absl::Duration kCancelCheckInterval = absl::Milliseconds(500);

absl::StatusOr<MediaType> MediaTypeOf(const v1::AnalyzeInstanceHeader& header) {
  switch (header.media_type()) {
    case v1::MEDIA_TYPE_DICOM:
      return MediaType::kDicom;
    case v1::MEDIA_TYPE_PNG:
      return MediaType::kPng;
    case v1::MEDIA_TYPE_JPEG:
      return MediaType::kJpeg;
    default:
      return FieldError("header.media_type", "is missing or unknown");
  }
}

absl::Status CheckHeader(const v1::AnalyzeInstanceRequest& first) {
  if (!first.has_header()) return FieldError("header", "is missing; it must come first");
  const std::string& request_id = first.header().request_id();
  if (!request_id.empty() && !IsUuid(request_id)) {
    return FieldError("header.request_id", "is not a UUID");
  }
  return absl::OkStatus();
}

absl::Status CheckChunk(const v1::AnalyzeInstanceRequest& part, int64_t left_bytes) {
  if (!part.has_chunk()) return FieldError("header", "came a second time");
  if (part.chunk().size() > kMaxChunkBytes) {
    return FieldError("chunk", "is larger than 1 MiB");
  }
  if (static_cast<int64_t>(part.chunk().size()) > left_bytes) {
    return WithReason(
        absl::ResourceExhaustedError("the film is larger than grpc.max_upload_bytes allows"),
        "UPLOAD_TOO_LARGE");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

absl::StatusOr<Ingested> AnalyzeInstance::Receive(grpc::ServerContext* context, Reader* reader,
                                                  v1::AnalyzeInstanceHeader* header) {
  const CallDeadline deadline(context, options_.upload_timeout);
  v1::AnalyzeInstanceRequest part;
  if (!reader->Read(&part)) return FieldError("header", "is missing; nothing was sent");
  CAMNODE_RETURN_IF_ERROR(CheckHeader(part));
  *header = part.header();
  UploadRequest request;
  CAMNODE_ASSIGN_OR_RETURN(request.media_type, MediaTypeOf(*header));
  request.deliver = header->deliver();
  request.workflow = header->workflow();
  absl::StatusOr<IngestUpload> upload = ingest_.BeginUpload(request);
  if (absl::IsInvalidArgument(upload.status())) {
    return FieldError("header.workflow", "is the name of no workflow of this node");
  }
  CAMNODE_RETURN_IF_ERROR(upload.status());
  int64_t left_bytes = options_.max_upload_bytes;
  while (reader->Read(&part)) {
    CAMNODE_RETURN_IF_ERROR(CheckChunk(part, left_bytes));
    CAMNODE_RETURN_IF_ERROR(upload->Append(part.chunk()));
    left_bytes -= static_cast<int64_t>(part.chunk().size());
  }
  if (deadline.passed()) {
    return WithReason(absl::DeadlineExceededError("the upload took too long"), "UPLOAD_TOO_SLOW");
  }
  // A caller that broke off looks like one that finished: half a film is no film.
  if (context->IsCancelled()) return absl::CancelledError("the caller broke the upload off");
  return (*std::move(upload)).Finish();
}

absl::StatusOr<v1::Analysis> AnalyzeInstance::WaitForAnalysis(grpc::ServerContext* context,
                                                              int64_t job_id) {
  const Deadline callers = Deadline::At(context->deadline());
  const Deadline ours(options_.max_wait);
  while (true) {
    // Asked before looking, so that what is committed in between ends the wait.
    CAMNODE_ASSIGN_OR_RETURN(const int64_t seen, events_.LastNumber());
    const absl::StatusOr<StoredAnalysis> stored = lookup_.ByJob(job_id);
    if (stored.ok()) return lookup_.ToMessage(*stored);
    if (ReasonOf(stored.status()) != "NOT_YET_ANALYZED") return stored.status();
    if (context->IsCancelled()) return absl::CancelledError("the caller ended the wait");
    if (hub_.stopped()) {
      return WithReason(absl::UnavailableError("the film is stored; the node is stopping"),
                        "SHUTTING_DOWN");
    }
    const absl::Duration left = std::min(callers.Remaining(), ours.Remaining());
    if (left == absl::ZeroDuration()) {
      return WithReason(absl::DeadlineExceededError("the film is stored and not yet analysed"),
                        "NOT_YET_ANALYZED");
    }
    hub_.WaitAfter(seen, std::min(left, kCancelCheckInterval));
  }
}

absl::Status AnalyzeInstance::Run(grpc::ServerContext* context, Reader* reader,
                                  v1::AnalyzeInstanceResponse* response) {
  v1::AnalyzeInstanceHeader header;
  CAMNODE_ASSIGN_OR_RETURN(const Ingested film, Receive(context, reader, &header));
  response->set_repeat(film.added.repeat);
  const int64_t job_id = film.added.job_id.value_or(0);  // 0: an output of ours came back.
  if (header.wait()) {
    CAMNODE_ASSIGN_OR_RETURN(*response->mutable_analysis(), WaitForAnalysis(context, job_id));
    *response->mutable_instance() = response->analysis().instance();
    return absl::OkStatus();
  }
  CAMNODE_ASSIGN_OR_RETURN(*response->mutable_instance(), lookup_.Summary(film.instance, job_id));
  return absl::OkStatus();
}

}  // namespace camnode
