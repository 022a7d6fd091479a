#include "services/api/results_service.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "services/api/grpc_status.h"
#include "services/api/overlay_request.h"
#include "services/api/page_token.h"
#include "services/api/proto_conversion.h"
#include "services/api/watch_analyses.h"

namespace camnode {
namespace {

constexpr int kMaxStudyInstances = 1000;

absl::Status TooMany(absl::string_view calls, absl::string_view reason) {
  return WithReason(
      absl::ResourceExhaustedError(absl::StrCat("too many ", calls, " at once; try again later")),
      reason);
}

}  // namespace

ResultsService::ResultsService(const ResultsServiceOptions& options,
                               const ResultsServiceParts& parts)
    : options_(options),
      parts_(parts),
      lookup_(parts.instances, parts.results, parts.jobs),
      watchers_(options.max_watchers),
      uploads_(options.max_uploads),
      renders_(options.max_renders) {}

absl::Status ResultsService::ReadStudy(const v1::GetStudyRequest& request,
                                       v1::GetStudyResponse* response) {
  CAMNODE_ASSIGN_OR_RETURN(const Uid uid,
                           ParseUidField(request.study_instance_uid(), "study_instance_uid"));
  const absl::StatusOr<StudySummary> study = parts_.instances.GetStudy(uid);
  if (absl::IsNotFound(study.status())) {
    return WithReason(absl::NotFoundError("no film of that study was received"), "STUDY_NOT_FOUND");
  }
  if (!study.ok()) return study.status();
  *response->mutable_study() = ToProto(*study);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<Instance> instances,
                           parts_.instances.ListStudyInstances(uid, kMaxStudyInstances));
  std::vector<AnalysisLookup::ShownFilm> films;
  for (const Instance& instance : instances) films.push_back({instance, 0});
  CAMNODE_ASSIGN_OR_RETURN(std::vector<v1::InstanceSummary> summaries, lookup_.Summaries(films));
  for (v1::InstanceSummary& summary : summaries) {
    *response->add_instances() = std::move(summary);
  }
  return absl::OkStatus();
}

absl::Status ResultsService::ReadStudies(const v1::ListStudiesRequest& request,
                                         v1::ListStudiesResponse* response) {
  CAMNODE_ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> cursor,
                           ParsePageToken(request.page_token(), "studies", "", 2));
  int64_t before_ms = 0;
  Uid before_study;
  if (!cursor.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(before_ms, CursorNumber(cursor[0]));
    CAMNODE_ASSIGN_OR_RETURN(before_study, ParseUidField(cursor[1], "page_token"));
  }
  CAMNODE_ASSIGN_OR_RETURN(const StudyPage page,
                           parts_.instances.ListStudies(page_size, before_ms, before_study));
  for (const StudySummary& study : page.studies) *response->add_studies() = ToProto(study);
  if (!page.next_study_instance_uid.empty()) {
    response->set_next_page_token(MakePageToken(
        "studies", "", {absl::StrCat(page.next_received_ms), page.next_study_instance_uid.text()}));
  }
  return absl::OkStatus();
}

absl::Status ResultsService::ReadAnalyses(const v1::ListAnalysesRequest& request,
                                          v1::ListAnalysesResponse* response) {
  CAMNODE_ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  AnalysisFilter filter;
  if (!request.study_instance_uid().empty()) {
    CAMNODE_ASSIGN_OR_RETURN(filter.study_instance_uid,
                             ParseUidField(request.study_instance_uid(), "study_instance_uid"));
  }
  const std::string& study = filter.study_instance_uid.text();
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> cursor,
                           ParsePageToken(request.page_token(), "analyses", study, 1));
  if (!cursor.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(filter.before_id, CursorNumber(cursor[0]));
  }
  // One more than asked for tells whether there is another page.
  CAMNODE_ASSIGN_OR_RETURN(std::vector<StoredAnalysis> analyses,
                           parts_.results.List(filter, page_size + 1));
  const bool more = analyses.size() > static_cast<std::size_t>(page_size);
  if (more) analyses.resize(static_cast<std::size_t>(page_size));
  CAMNODE_ASSIGN_OR_RETURN(std::vector<v1::Analysis> messages, lookup_.ToMessages(analyses));
  for (v1::Analysis& message : messages) *response->add_analyses() = std::move(message);
  if (more) {
    response->set_next_page_token(
        MakePageToken("analyses", study, {absl::StrCat(analyses.back().analysis.id)}));
  }
  return absl::OkStatus();
}

absl::Status ResultsService::Render(const v1::RenderOverlayRequest& request,
                                    v1::RenderOverlayResponse* response) {
  const CallLimiter::Slot slot = renders_.TryEnter();
  if (slot == nullptr) return TooMany("pictures", "TOO_MANY_RENDERS");
  OverlayRequest overlay;
  overlay.model = request.model();
  if (request.has_alpha()) overlay.alpha = request.alpha();
  CAMNODE_ASSIGN_OR_RETURN(const StoredAnalysis stored, lookup_.ByKeyOf(request));
  CAMNODE_ASSIGN_OR_RETURN(
      *response->mutable_png(),
      RenderStoredOverlay(stored, overlay, parts_.blobs, options_.populations));
  return absl::OkStatus();
}

grpc::Status ResultsService::GetStudy(grpc::ServerContext* context,
                                      const v1::GetStudyRequest* request,
                                      v1::GetStudyResponse* response) {
  return parts_.observer.Run(context, "GetStudy", [&] { return ReadStudy(*request, response); });
}

grpc::Status ResultsService::ListStudies(grpc::ServerContext* context,
                                         const v1::ListStudiesRequest* request,
                                         v1::ListStudiesResponse* response) {
  return parts_.observer.Run(context, "ListStudies",
                             [&] { return ReadStudies(*request, response); });
}

grpc::Status ResultsService::GetAnalysis(grpc::ServerContext* context,
                                         const v1::GetAnalysisRequest* request,
                                         v1::GetAnalysisResponse* response) {
  return parts_.observer.Run(context, "GetAnalysis", [&]() -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const StoredAnalysis stored, lookup_.ByKeyOf(*request));
    CAMNODE_ASSIGN_OR_RETURN(*response->mutable_analysis(), lookup_.ToMessage(stored));
    return absl::OkStatus();
  });
}

grpc::Status ResultsService::ListAnalyses(grpc::ServerContext* context,
                                          const v1::ListAnalysesRequest* request,
                                          v1::ListAnalysesResponse* response) {
  return parts_.observer.Run(context, "ListAnalyses",
                             [&] { return ReadAnalyses(*request, response); });
}

grpc::Status ResultsService::RenderOverlay(grpc::ServerContext* context,
                                           const v1::RenderOverlayRequest* request,
                                           v1::RenderOverlayResponse* response) {
  return parts_.observer.Run(context, "RenderOverlay", [&] { return Render(*request, response); });
}

grpc::Status ResultsService::WatchAnalyses(grpc::ServerContext* context,
                                           const v1::WatchAnalysesRequest* request,
                                           grpc::ServerWriter<v1::WatchAnalysesResponse>* writer) {
  return parts_.observer.Run(context, "WatchAnalyses", [&] {
    const CallLimiter::Slot slot = watchers_.TryEnter();
    if (slot == nullptr) return TooMany("watchers", "TOO_MANY_WATCHERS");
    camnode::WatchAnalyses watch(parts_.events, parts_.history, parts_.hub, parts_.instances,
                                 lookup_);
    return watch.Run(context, *request, writer);
  });
}

grpc::Status ResultsService::AnalyzeInstance(grpc::ServerContext* context,
                                             grpc::ServerReader<v1::AnalyzeInstanceRequest>* reader,
                                             v1::AnalyzeInstanceResponse* response) {
  return parts_.observer.Run(context, "AnalyzeInstance", [&] {
    const CallLimiter::Slot slot = uploads_.TryEnter();
    if (slot == nullptr) return TooMany("uploads", "TOO_MANY_UPLOADS");
    camnode::AnalyzeInstance call(options_.upload, parts_.ingest, parts_.hub, parts_.events,
                                  lookup_);
    return call.Run(context, reader, response);
  });
}

}  // namespace camnode
