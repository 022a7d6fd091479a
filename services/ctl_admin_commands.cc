// The commands that ask AdminService.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/ctl_doctor.h"
#include "services/ctl_health.h"
#include "services/ctl_session.h"
#include "services/ctl_table.h"
#include "services/ctl_text.h"

namespace camnode {
namespace {

constexpr absl::Duration kAnswerTimeout = absl::Seconds(30);
constexpr absl::Duration kDoctorTimeout = absl::Seconds(5);
constexpr int kMaxListed = 1000;

}  // namespace

CtlExit CtlSession::Requeue() {
  if (options_.arguments.empty() && options_.deliveries.empty()) return ListBuried();
  CtlExit worst = kCtlDone;
  for (const std::string& argument : options_.arguments) {
    v1::RequeueJobRequest request;
    int64_t job = 0;
    if (!absl::SimpleAtoi(argument, &job) || job < 1) {
      return Fail(absl::StrCat("'", Printable(argument),
                               "' is not the number of a job; "
                               "`camnodectl requeue` lists them"),
                  kCtlUsage);
    }
    request.set_job_id(job);
    request.set_request_id(RandomUuid());
    v1::RequeueJobResponse answer;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = admin_->RequeueJob(&context, request, &answer);
    if (status.ok()) {
      Print(answer, absl::StrCat("job ", job, " is back in the queue\n"));
    } else if (const CtlExit code = Fail(status, absl::StrCat("job ", job)); worst == kCtlDone) {
      worst = code;
    }
  }
  for (const int64_t delivery : options_.deliveries) {
    v1::RequeueDeliveryRequest request;
    request.set_delivery_id(delivery);
    request.set_request_id(RandomUuid());
    v1::RequeueDeliveryResponse answer;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = admin_->RequeueDelivery(&context, request, &answer);
    if (status.ok()) {
      Print(answer, absl::StrCat("delivery ", delivery, " is back in the queue\n"));
    } else if (const CtlExit code = Fail(status, absl::StrCat("delivery ", delivery));
               worst == kCtlDone) {
      worst = code;
    }
  }
  return worst;
}

CtlExit CtlSession::ListBuried() {
  v1::ListBuriedInstancesResponse all;
  std::string token;
  do {
    v1::ListBuriedInstancesRequest request;
    request.set_page_token(token);
    v1::ListBuriedInstancesResponse page;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = admin_->ListBuriedInstances(&context, request, &page);
    if (!status.ok()) return Fail(status);
    token = page.next_page_token();
    all.mutable_instances()->MergeFrom(page.instances());
  } while (!token.empty() && all.instances_size() < kMaxListed);
  all.set_next_page_token(token);
  Print(all, BuriedText({all.instances().begin(), all.instances().end()}, zone_));
  return kCtlDone;
}

CtlExit CtlSession::Quarantine() {
  if (options_.removals.empty()) return ListQuarantined();
  CtlExit worst = kCtlDone;
  for (const int64_t number : options_.removals) {
    v1::RemoveQuarantinedInstanceRequest request;
    request.set_quarantine_id(number);
    request.set_request_id(RandomUuid());
    v1::RemoveQuarantinedInstanceResponse answer;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = admin_->RemoveQuarantinedInstance(&context, request, &answer);
    if (status.ok()) {
      Print(answer, absl::StrCat("quarantined film ", number, " is removed\n"));
    } else if (const CtlExit code = Fail(status, absl::StrCat("quarantined film ", number));
               worst == kCtlDone) {
      worst = code;
    }
  }
  return worst;
}

CtlExit CtlSession::ListQuarantined() {
  v1::ListQuarantinedInstancesResponse all;
  std::string token;
  do {
    v1::ListQuarantinedInstancesRequest request;
    request.set_page_token(token);
    v1::ListQuarantinedInstancesResponse page;
    grpc::ClientContext context;
    SetDeadline(context, kAnswerTimeout);
    const grpc::Status status = admin_->ListQuarantinedInstances(&context, request, &page);
    if (!status.ok()) return Fail(status);
    token = page.next_page_token();
    all.mutable_instances()->MergeFrom(page.instances());
  } while (!token.empty() && all.instances_size() < kMaxListed);
  all.set_next_page_token(token);
  Print(all, QuarantinedText({all.instances().begin(), all.instances().end()}, zone_));
  return kCtlDone;
}

CtlExit CtlSession::Status() {
  v1::GetStatusResponse answer;
  grpc::ClientContext context;
  SetDeadline(context, kAnswerTimeout);
  const grpc::Status status = admin_->GetStatus(&context, {}, &answer);
  if (!status.ok()) return Fail(status);
  Print(answer, NodeStatusText(answer, absl::Now()));
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
    const absl::Time deadline = absl::Now() + options_.timeout.value_or(kDoctorTimeout);
    const grpc::Status asked = CheckHealth(channel_, entry.part, deadline, &entry.health);
    if (asked.error_code() == grpc::StatusCode::NOT_FOUND) {
      parts.pop_back();  // A node of another version may have other parts.
    }
  }
  const std::vector<Diagnosis> diagnoses = Diagnose(answer, parts, absl::Now());
  if (options_.json) {
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
