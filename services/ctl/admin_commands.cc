// The commands that ask AdminService.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/stopwatch.h"
#include "services/ctl/doctor.h"
#include "services/ctl/error.h"
#include "services/ctl/health.h"
#include "services/ctl/session.h"
#include "services/ctl/table.h"
#include "services/ctl/text.h"

namespace camnode {
namespace {

constexpr absl::Duration kAnswerTimeout = absl::Seconds(30);
// Of a whole store; each file is looked at.
constexpr absl::Duration kAdoptionTimeout = absl::Hours(12);
constexpr absl::Duration kDoctorTimeout = absl::Seconds(5);
constexpr int kMaxListed = 1000;

}  // namespace

template <typename Request, typename Answer>
CtlExit CtlSession::ChangeEach(const std::vector<int64_t>& numbers, absl::string_view what,
                               absl::string_view done, void (Request::*set_number)(int64_t),
                               AdminCall<Request, Answer> call) {
  CtlExit worst = kCtlDone;
  for (const int64_t number : numbers) {
    const std::string name = absl::StrCat(what, " ", number);
    Request request;
    (request.*set_number)(number);
    request.set_request_id(RandomUuid());
    Answer answer;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = (admin_.get()->*call)(&context, request, &answer);
    if (status.ok()) {
      Print(answer, absl::StrCat(name, " ", done, "\n"));
    } else if (const CtlExit code = Fail(status, name); worst == kCtlDone) {
      worst = code;
    }
  }
  return worst;
}

template <typename Request, typename Answer>
grpc::Status CtlSession::ReadAllPages(AdminCall<Request, Answer> call, Answer& all) {
  std::string token;
  do {
    Request request;
    request.set_page_token(token);
    Answer page;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = (admin_.get()->*call)(&context, request, &page);
    if (!status.ok()) return status;
    token = page.next_page_token();
    all.mutable_instances()->MergeFrom(page.instances());
  } while (!token.empty() && all.instances_size() < kMaxListed);
  all.set_next_page_token(token);
  return grpc::Status::OK;
}

CtlExit CtlSession::Requeue() {
  if (arguments_.operands().empty() && !arguments_.Has("delivery")) return ListBuried();
  std::vector<int64_t> jobs;
  for (const std::string& argument : arguments_.operands()) {
    int64_t& job = jobs.emplace_back();
    if (!absl::SimpleAtoi(argument, &job) || job < 1) {
      return Fail(absl::StrCat("'", Printable(argument),
                               "' is not the number of a job; "
                               "`camnodectl requeue` lists them"),
                  kCtlUsage);
    }
  }
  const CtlExit of_jobs =
      ChangeEach(jobs, "job", "is back in the queue", &v1::RequeueJobRequest::set_job_id,
                 &v1::AdminService::Stub::RequeueJob);
  const CtlExit of_deliveries = ChangeEach(
      arguments_.WholeNumbers("delivery"), "delivery", "is back in the queue",
      &v1::RequeueDeliveryRequest::set_delivery_id, &v1::AdminService::Stub::RequeueDelivery);
  return of_jobs == kCtlDone ? of_deliveries : of_jobs;
}

CtlExit CtlSession::ListBuried() {
  v1::ListBuriedInstancesResponse all;
  const grpc::Status status = ReadAllPages(&v1::AdminService::Stub::ListBuriedInstances, all);
  if (!status.ok()) return Fail(status);
  Print(all, BuriedText({all.instances().begin(), all.instances().end()}, zone_));
  return kCtlDone;
}

CtlExit CtlSession::Quarantine() {
  if (!arguments_.Has("remove")) return ListQuarantined();
  return ChangeEach(arguments_.WholeNumbers("remove"), "quarantined film", "is removed",
                    &v1::RemoveQuarantinedInstanceRequest::set_quarantine_id,
                    &v1::AdminService::Stub::RemoveQuarantinedInstance);
}

CtlExit CtlSession::ListQuarantined() {
  v1::ListQuarantinedInstancesResponse all;
  const grpc::Status status = ReadAllPages(&v1::AdminService::Stub::ListQuarantinedInstances, all);
  if (!status.ok()) return Fail(status);
  Print(all, QuarantinedText({all.instances().begin(), all.instances().end()}, zone_));
  return kCtlDone;
}

CtlExit CtlSession::Adopt() {
  v1::AdoptFilmsRequest request;
  request.set_dry_run(arguments_.Has("dry-run"));
  request.set_workflow(arguments_.Text("workflow"));
  v1::AdoptFilmsResponse answer;
  grpc::ClientContext context;
  SetDeadline(context, kAdoptionTimeout);
  const grpc::Status status = admin_->AdoptFilms(&context, request, &answer);
  if (!status.ok()) return Fail(status);
  Print(answer, AdoptionText(answer, request.dry_run()));
  return kCtlDone;
}

CtlExit CtlSession::Status() {
  v1::GetStatusResponse answer;
  grpc::ClientContext context;
  SetDeadline(context, kAnswerTimeout);
  const grpc::Status status = admin_->GetStatus(&context, {}, &answer);
  if (!status.ok()) return Fail(status);
  Print(answer, NodeStatusText(answer, SystemClock().Now()));
  return kCtlDone;
}

CtlExit CtlSession::Doctor() {
  v1::GetStatusResponse answer;
  grpc::ClientContext context;
  SetDeadline(context, kDoctorTimeout);
  const grpc::Status status = admin_->GetStatus(&context, {}, &answer);
  if (!status.ok()) return Fail(status);

  std::vector<AskedPart> parts;
  for (const absl::string_view part : kHealthParts) {
    AskedPart& entry = parts.emplace_back();
    entry.part = std::string(part);
    const grpc::Status asked =
        CheckHealth(channel_, entry.part, Deadline(TimeoutOr(kDoctorTimeout)), &entry.health);
    if (asked.error_code() == grpc::StatusCode::NOT_FOUND) {
      parts.pop_back();  // A node of another version may have other parts.
    }
  }
  const std::vector<Diagnosis> diagnoses = Diagnose(answer, parts, SystemClock().Now());
  if (arguments_.Has("json")) {
    out_ << DiagnosesJson(diagnoses);
  } else {
    out_ << "ok    connection        camnode " << Printable(answer.version()) << " answers at "
         << address_ << "\n"
         << DiagnosesText(diagnoses);
  }
  out_.flush();
  return AllWell(diagnoses) ? kCtlDone : kCtlUnhealthy;
}

}  // namespace camnode
