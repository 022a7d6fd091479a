// AnalyzeInstance: one film uploaded, the same durable path that C-STORE takes.

#ifndef CAMNODE_SERVICES_API_ANALYZE_INSTANCE_H_
#define CAMNODE_SERVICES_API_ANALYZE_INSTANCE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/sync_stream.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/intake/ingest.h"
#include "core/intake/ingest_settings.h"
#include "core/storage/event_log.h"
#include "proto/camnode/v1/results.grpc.pb.h"
#include "services/api/analysis_lookup.h"
#include "services/api/event_hub.h"

namespace camnode {

struct AnalyzeInstanceOptions {
  int64_t max_upload_bytes = IngestSettings().max_upload_bytes;
  // From the call's start to the last chunk: bounds a caller that sends nothing.
  absl::Duration upload_timeout = absl::Minutes(10);
  // How long a call without a deadline waits for its analysis.
  absl::Duration max_wait = absl::Minutes(10);
};

// True if `text` is a UUID: 8-4-4-4-12 hexadecimal digits.
bool IsUuid(absl::string_view text);

// One call.  Borrows all.
class AnalyzeInstance {
 public:
  using Reader = grpc::ServerReader<v1::AnalyzeInstanceRequest>;

  AnalyzeInstance(const AnalyzeInstanceOptions& options, Ingest& ingest, EventHub& hub,
                  EventLog& events, AnalysisLookup& lookup)
      : options_(options), ingest_(ingest), hub_(hub), events_(events), lookup_(lookup) {}

  // Errors, besides those of Ingest::BeginUpload and IngestUpload: kInvalidArgument
  // (INVALID_FIELD); kCancelled if the caller broke off; kDeadlineExceeded
  // (UPLOAD_TOO_SLOW; NOT_YET_ANALYZED when it was received and the wait is over);
  // kFailedPrecondition (JOB_BURIED, OWN_OUTPUT) if it was asked to wait.
  absl::Status Run(grpc::ServerContext* context, Reader* reader,
                   v1::AnalyzeInstanceResponse* response);

 private:
  absl::StatusOr<Ingested> Receive(grpc::ServerContext* context, Reader* reader,
                                   v1::AnalyzeInstanceHeader* header);
  absl::StatusOr<v1::Analysis> WaitForAnalysis(grpc::ServerContext* context, int64_t job_id);

  const AnalyzeInstanceOptions& options_;
  Ingest& ingest_;
  EventHub& hub_;
  EventLog& events_;
  AnalysisLookup& lookup_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_ANALYZE_INSTANCE_H_
