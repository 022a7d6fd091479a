// camnode.v1.ResultsService over the stores.
//
// Every method checks its request first, ends through RpcObserver and so carries
// ErrorInfo on every error (grpc_status.h).

#ifndef CAMNODE_SERVICES_API_RESULTS_SERVICE_H_
#define CAMNODE_SERVICES_API_RESULTS_SERVICE_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "core/intake/ingest.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/event_history.h"
#include "core/storage/event_log.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "proto/camnode/v1/results.grpc.pb.h"
#include "services/api/analysis_lookup.h"
#include "services/api/analyze_instance.h"
#include "services/api/call_limiter.h"
#include "services/api/event_hub.h"
#include "services/api/rpc_observer.h"
#include "services/settings/grpc_settings.h"

namespace camnode {

struct ResultsServiceOptions {
  AnalyzeInstanceOptions upload;
  // Calls at once; one more is RESOURCE_EXHAUSTED, because each holds a thread and
  // these may hold it long.
  int max_watchers = GrpcSettings().max_watchers;
  int max_uploads = MaxUploads(GrpcSettings());
  int max_renders = 4;
  // "trained on children aged 1-5" by model name, for legends.
  std::map<std::string, std::string> populations;
};

// Borrowed by the service; all outlive it.
struct ResultsServiceParts {
  InstanceStore& instances;
  ResultStore& results;
  JobQueue& jobs;
  EventLog& events;
  EventHistory& history;
  BlobStore& blobs;
  EventHub& hub;
  Ingest& ingest;
  RpcObserver& observer;
};

// Thread-safe: gRPC calls it from its threads.
class ResultsService final : public v1::ResultsService::Service {
 public:
  ResultsService(const ResultsServiceOptions& options, const ResultsServiceParts& parts);

  grpc::Status GetStudy(grpc::ServerContext* context, const v1::GetStudyRequest* request,
                        v1::GetStudyResponse* response) override;
  grpc::Status ListStudies(grpc::ServerContext* context, const v1::ListStudiesRequest* request,
                           v1::ListStudiesResponse* response) override;
  grpc::Status GetAnalysis(grpc::ServerContext* context, const v1::GetAnalysisRequest* request,
                           v1::GetAnalysisResponse* response) override;
  grpc::Status ListAnalyses(grpc::ServerContext* context, const v1::ListAnalysesRequest* request,
                            v1::ListAnalysesResponse* response) override;
  grpc::Status WatchAnalyses(grpc::ServerContext* context, const v1::WatchAnalysesRequest* request,
                             grpc::ServerWriter<v1::WatchAnalysesResponse>* writer) override;
  grpc::Status AnalyzeInstance(grpc::ServerContext* context,
                               grpc::ServerReader<v1::AnalyzeInstanceRequest>* reader,
                               v1::AnalyzeInstanceResponse* response) override;
  grpc::Status RenderOverlay(grpc::ServerContext* context, const v1::RenderOverlayRequest* request,
                             v1::RenderOverlayResponse* response) override;

 private:
  absl::Status ReadStudy(const v1::GetStudyRequest& request, v1::GetStudyResponse* response);
  absl::Status ReadStudies(const v1::ListStudiesRequest& request,
                           v1::ListStudiesResponse* response);
  absl::Status ReadAnalyses(const v1::ListAnalysesRequest& request,
                            v1::ListAnalysesResponse* response);
  absl::Status Render(const v1::RenderOverlayRequest& request, v1::RenderOverlayResponse* response);

  const ResultsServiceOptions options_;
  const ResultsServiceParts parts_;
  AnalysisLookup lookup_;
  CallLimiter watchers_;
  CallLimiter uploads_;
  CallLimiter renders_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_RESULTS_SERVICE_H_
