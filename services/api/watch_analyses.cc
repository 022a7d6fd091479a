#include "services/api/watch_analyses.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "core/storage/result_store.h"
#include "services/api/grpc_status.h"

namespace camnode {
namespace {

constexpr int kEventsPerRead = 64;
// How soon a caller that went away is noticed.
constexpr absl::Duration kCancelCheckInterval = absl::Milliseconds(500);

absl::Status OfAnotherEpoch(absl::string_view what, const EventPosition& now) {
  return WithReason(
      absl::OutOfRangeError(absl::StrCat(
          what, ": the node's database was restored or has lost commits, and its events up to ",
          now.last_number, " are not those that were told before.  Watch again without epoch: ",
          "from after_event_number 0 to get all that is here, or without it to go on from now")),
      "EVENTS_OF_ANOTHER_EPOCH");
}

absl::Status CallerGone() { return absl::CancelledError("the caller ended the watch"); }

}  // namespace

absl::StatusOr<absl::optional<v1::WatchAnalysesResponse>> WatchAnalyses::ToMessage(
    const Event& event, const Uid& study) {
  const absl::optional<v1::WatchAnalysesResponse> nothing;
  const absl::StatusOr<Instance> instance = instances_.Get(event.instance_id);
  if (absl::IsNotFound(instance.status())) return nothing;
  if (!instance.ok()) return instance.status();
  if (!study.empty() && instance->study_instance_uid != study) return nothing;

  v1::WatchAnalysesResponse response;
  response.set_event_number(event.number);
  if (event.kind == EventKind::kJobBuried) {
    CAMNODE_ASSIGN_OR_RETURN(*response.mutable_buried(), lookup_.Summary(*instance, event.job_id));
    return absl::make_optional(response);
  }
  const absl::StatusOr<StoredAnalysis> stored = lookup_.ById(event.analysis_id);
  if (absl::IsNotFound(stored.status())) return nothing;
  if (!stored.ok()) return stored.status();
  CAMNODE_ASSIGN_OR_RETURN(*response.mutable_analysis(), lookup_.ToMessage(*stored));
  return absl::make_optional(response);
}

absl::Status WatchAnalyses::Run(grpc::ServerContext* context,
                                const v1::WatchAnalysesRequest& request,
                                grpc::ServerWriter<v1::WatchAnalysesResponse>* writer) {
  Uid study;
  if (!request.study_instance_uid().empty()) {
    CAMNODE_ASSIGN_OR_RETURN(study,
                             ParseUidField(request.study_instance_uid(), "study_instance_uid"));
  }
  CAMNODE_ASSIGN_OR_RETURN(const EventPosition start, history_.Check());
  const int64_t wish = request.after_event_number();
  if (wish < 0) return FieldError("after_event_number", "is negative");
  if (!request.epoch().empty() && request.epoch() != start.epoch) {
    return OfAnotherEpoch("the epoch is another one", start);
  }
  if (wish > start.last_number) {
    return OfAnotherEpoch(absl::StrCat("after_event_number ", wish, " is beyond the last event"),
                          start);
  }
  int64_t after = request.has_after_event_number() ? wish : start.last_number;
  // Tells the caller that from here on nothing is missed.
  writer->SendInitialMetadata();

  while (!context->IsCancelled()) {
    if (hub_.stopped()) {
      return WithReason(absl::UnavailableError("the node is stopping; resume elsewhere or later"),
                        "SHUTTING_DOWN");
    }
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<Event> events,
                             events_.ReadAfter(after, kEventsPerRead));
    // Before they are told: rows of another history must not be taken for the next of this.
    if (!events.empty()) CAMNODE_RETURN_IF_ERROR(history_.Check().status());
    if (history_.epoch() != start.epoch) {
      CAMNODE_ASSIGN_OR_RETURN(const EventPosition now, history_.Check());
      return OfAnotherEpoch("the watch cannot go on", now);
    }
    for (const Event& event : events) {
      history_.Told(event);
      CAMNODE_ASSIGN_OR_RETURN(absl::optional<v1::WatchAnalysesResponse> response,
                               ToMessage(event, study));
      if (response.has_value()) {
        response->set_epoch(start.epoch);
        if (!writer->Write(*response)) return CallerGone();
      }
      after = event.number;
    }
    if (events.empty()) hub_.WaitAfter(after, kCancelCheckInterval);
  }
  return CallerGone();
}

}  // namespace camnode
