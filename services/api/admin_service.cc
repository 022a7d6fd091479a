#include "services/api/admin_service.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/domain/job.h"
#include "services/api/analyze_instance.h"
#include "services/api/grpc_status.h"
#include "services/api/page_token.h"
#include "services/api/proto_conversion.h"

namespace camnode {
namespace {

constexpr std::size_t kMaxRemembered = 1000;

absl::Status CheckRequestId(const std::string& request_id) {
  if (request_id.empty() || IsUuid(request_id)) return absl::OkStatus();
  return FieldError("request_id", "is not a UUID");
}

// A failed Requeue, with its reason.
absl::Status RequeueError(const absl::Status& status, absl::string_view what) {
  if (absl::IsNotFound(status)) {
    return WithReason(absl::NotFoundError(absl::StrCat("there is no ", what, " of that number")),
                      what == "job" ? "JOB_NOT_FOUND" : "DELIVERY_NOT_FOUND");
  }
  if (absl::IsFailedPrecondition(status)) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat("the ", what, " was not set aside")),
        "NOT_BURIED");
  }
  return status;
}

}  // namespace

AdminService::AdminService(const AdminServiceParts& parts)
    : parts_(parts), lookup_(parts.instances, parts.results, parts.jobs) {}

bool AdminService::WasDone(const std::string& request_id, int64_t subject) {
  if (request_id.empty()) return false;
  MutexLock lock(&mutex_);
  return std::find(done_.begin(), done_.end(), std::make_pair(request_id, subject)) != done_.end();
}

void AdminService::RememberDone(const std::string& request_id, int64_t subject) {
  if (request_id.empty()) return;
  MutexLock lock(&mutex_);
  done_.emplace_back(request_id, subject);
  if (done_.size() > kMaxRemembered) done_.pop_front();
}

absl::Status AdminService::Status(v1::GetStatusResponse* response) {
  response->set_version(kCamnodeVersion);
  CAMNODE_ASSIGN_OR_RETURN(const QueueDepth depth, parts_.jobs.Depth());
  response->set_queued_jobs(depth.queued);
  response->set_leased_jobs(depth.leased);
  response->set_buried_jobs(depth.buried);
  if (depth.oldest_queued_ms > 0) {
    SetTime(depth.oldest_queued_ms, response->mutable_oldest_queued_time());
  }
  CAMNODE_ASSIGN_OR_RETURN(const absl::Duration age, parts_.oldest_unfinished.Age());
  SetDuration(age, response->mutable_oldest_unfinished_age());
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<WorkerRecord> workers, parts_.workers.List());
  for (const WorkerRecord& worker : workers) *response->add_workers() = ToProto(worker);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<DestinationBacklog> backlogs,
                           parts_.outbox.Backlogs());
  for (const DestinationBacklog& backlog : backlogs) {
    *response->add_destinations() = ToProto(backlog);
  }
  CAMNODE_ASSIGN_OR_RETURN(const int64_t free_bytes, parts_.blobs.FreeBytes());
  response->set_free_bytes(free_bytes);
  CAMNODE_ASSIGN_OR_RETURN(const QuarantineSize quarantined, parts_.quarantine.Size());
  response->set_quarantined_instances(quarantined.instances);
  return absl::OkStatus();
}

absl::Status AdminService::Buried(const v1::ListBuriedInstancesRequest& request,
                                  v1::ListBuriedInstancesResponse* response) {
  CAMNODE_ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> cursor,
                           ParsePageToken(request.page_token(), "buried", "", 1));
  int64_t before_id = 0;
  if (!cursor.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(before_id, CursorNumber(cursor[0]));
  }
  // One more than asked for tells whether there is another page.
  CAMNODE_ASSIGN_OR_RETURN(std::vector<Job> jobs,
                           parts_.jobs.ListByState(JobState::kBuried, page_size + 1, before_id));
  const bool more = jobs.size() > static_cast<std::size_t>(page_size);
  if (more) jobs.resize(static_cast<std::size_t>(page_size), jobs.front());
  std::vector<int64_t> ids;
  for (const Job& job : jobs) ids.push_back(job.subject);
  CAMNODE_ASSIGN_OR_RETURN(const auto instances, parts_.instances.GetAll(ids));
  std::vector<AnalysisLookup::ShownFilm> films;
  for (const Job& job : jobs) {
    const auto instance = instances.find(job.subject);
    if (instance != instances.end()) films.push_back({instance->second, job.id});
  }
  CAMNODE_ASSIGN_OR_RETURN(std::vector<v1::InstanceSummary> summaries, lookup_.Summaries(films));
  for (v1::InstanceSummary& summary : summaries) {
    *response->add_instances() = std::move(summary);
  }
  if (more) {
    response->set_next_page_token(MakePageToken("buried", "", {absl::StrCat(jobs.back().id)}));
  }
  return absl::OkStatus();
}

absl::Status AdminService::Quarantined(const v1::ListQuarantinedInstancesRequest& request,
                                       v1::ListQuarantinedInstancesResponse* response) {
  CAMNODE_ASSIGN_OR_RETURN(const int page_size, PageSizeOf(request.page_size()));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> cursor,
                           ParsePageToken(request.page_token(), "quarantined", "", 1));
  int64_t before_id = 0;
  if (!cursor.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(before_id, CursorNumber(cursor[0]));
  }
  // One more than asked for tells whether there is another page.
  CAMNODE_ASSIGN_OR_RETURN(std::vector<QuarantinedInstance> entries,
                           parts_.quarantine.List(page_size + 1, before_id));
  const bool more = entries.size() > static_cast<std::size_t>(page_size);
  if (more) entries.resize(static_cast<std::size_t>(page_size));
  for (const QuarantinedInstance& entry : entries) *response->add_instances() = ToProto(entry);
  if (more) {
    response->set_next_page_token(
        MakePageToken("quarantined", "", {absl::StrCat(entries.back().id)}));
  }
  return absl::OkStatus();
}

absl::Status AdminService::RemoveQuarantined(const v1::RemoveQuarantinedInstanceRequest& request) {
  CAMNODE_RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  if (WasDone(request.request_id(), request.quarantine_id())) return absl::OkStatus();
  const absl::StatusOr<std::string> blob_id = parts_.quarantine.Remove(request.quarantine_id());
  if (absl::IsNotFound(blob_id.status())) {
    return WithReason(absl::NotFoundError("there is no quarantined film of that number"),
                      "QUARANTINED_NOT_FOUND");
  }
  if (!blob_id.ok()) return blob_id.status();
  parts_.blobs.Remove(*blob_id).IgnoreError();  // Otherwise the sweep does it.
  RememberDone(request.request_id(), request.quarantine_id());
  return absl::OkStatus();
}

grpc::Status AdminService::GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*,
                                     v1::GetStatusResponse* response) {
  return parts_.observer.Run(context, "GetStatus", [&] { return Status(response); });
}

grpc::Status AdminService::ListBuriedInstances(grpc::ServerContext* context,
                                               const v1::ListBuriedInstancesRequest* request,
                                               v1::ListBuriedInstancesResponse* response) {
  return parts_.observer.Run(context, "ListBuriedInstances",
                             [&] { return Buried(*request, response); });
}

grpc::Status AdminService::RequeueJob(grpc::ServerContext* context,
                                      const v1::RequeueJobRequest* request,
                                      v1::RequeueJobResponse*) {
  return parts_.observer.Run(context, "RequeueJob", [&]() -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    if (WasDone(request->request_id(), request->job_id())) return absl::OkStatus();
    const absl::Status status = parts_.jobs.Requeue(request->job_id());
    if (!status.ok()) return RequeueError(status, "job");
    RememberDone(request->request_id(), request->job_id());
    return absl::OkStatus();
  });
}

grpc::Status AdminService::RequeueDelivery(grpc::ServerContext* context,
                                           const v1::RequeueDeliveryRequest* request,
                                           v1::RequeueDeliveryResponse*) {
  return parts_.observer.Run(context, "RequeueDelivery", [&]() -> absl::Status {
    CAMNODE_RETURN_IF_ERROR(CheckRequestId(request->request_id()));
    if (WasDone(request->request_id(), request->delivery_id())) return absl::OkStatus();
    const absl::Status status = parts_.outbox.Requeue(request->delivery_id());
    if (!status.ok()) return RequeueError(status, "delivery");
    RememberDone(request->request_id(), request->delivery_id());
    return absl::OkStatus();
  });
}

grpc::Status AdminService::ListQuarantinedInstances(
    grpc::ServerContext* context, const v1::ListQuarantinedInstancesRequest* request,
    v1::ListQuarantinedInstancesResponse* response) {
  return parts_.observer.Run(context, "ListQuarantinedInstances",
                             [&] { return Quarantined(*request, response); });
}

grpc::Status AdminService::RemoveQuarantinedInstance(
    grpc::ServerContext* context, const v1::RemoveQuarantinedInstanceRequest* request,
    v1::RemoveQuarantinedInstanceResponse*) {
  return parts_.observer.Run(context, "RemoveQuarantinedInstance",
                             [&] { return RemoveQuarantined(*request); });
}

absl::Status AdminService::Adopt(grpc::ServerContext& context, const v1::AdoptFilmsRequest& request,
                                 v1::AdoptFilmsResponse* response) {
  if (adopting_.exchange(true)) {
    return WithReason(absl::ResourceExhaustedError("films are being adopted by another call"),
                      "ADOPTION_UNDER_WAY");
  }
  AdoptionOptions options;
  options.dry_run = request.dry_run();
  options.workflow = request.workflow();
  const absl::StatusOr<AdoptionReport> report =
      parts_.adopter.Run(options, [&context] { return context.IsCancelled(); });
  adopting_ = false;
  if (absl::IsInvalidArgument(report.status())) {
    return FieldError("workflow", "is the name of no workflow of this node");
  }
  if (!report.ok()) return report.status();
  response->set_unnamed(report->unnamed);
  response->set_adopted(report->adopted);
  response->set_known(report->known);
  response->set_outputs(report->outputs);
  response->set_others(report->others);
  response->set_refused(report->refused);
  return absl::OkStatus();
}

grpc::Status AdminService::AdoptFilms(grpc::ServerContext* context,
                                      const v1::AdoptFilmsRequest* request,
                                      v1::AdoptFilmsResponse* response) {
  return parts_.observer.Run(context, "AdoptFilms",
                             [&] { return Adopt(*context, *request, response); });
}

}  // namespace camnode
