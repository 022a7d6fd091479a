#include "services/api/proto_conversion.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "core/domain/analysis.h"
#include "core/domain/delivery.h"
#include "core/domain/derived_instance.h"
#include "core/domain/heatmap.h"
#include "core/domain/placement.h"
#include "core/render/overlay_renderer.h"

namespace camnode {
namespace {

v1::InstanceState StateOf(const FilmJob& film_job) {
  switch (film_job.job.state) {
    case JobState::kQueued:
      return v1::INSTANCE_STATE_QUEUED;
    case JobState::kLeased:
      return v1::INSTANCE_STATE_RUNNING;
    case JobState::kBuried:
      return v1::INSTANCE_STATE_BURIED;
    case JobState::kDone:
      break;
  }
  if (!film_job.result.has_value()) return v1::INSTANCE_STATE_UNSPECIFIED;
  return film_job.result->outcome == AnalysisOutcome::kAnalyzed ? v1::INSTANCE_STATE_ANALYZED
                                                                : v1::INSTANCE_STATE_NOT_ELIGIBLE;
}

v1::WorkflowState ToProto(const FilmJob& film_job) {
  v1::WorkflowState message;
  message.set_workflow(film_job.job.workflow);
  message.set_state(StateOf(film_job));
  if (film_job.result.has_value()) message.set_analysis_id(film_job.result->analysis_id);
  message.set_job_id(film_job.job.id);
  if (film_job.job.state != JobState::kDone) message.set_last_error(film_job.job.last_error);
  return message;
}

// The newest job of each workflow, oldest first.
std::vector<v1::WorkflowState> WorkflowStates(const std::vector<FilmJob>& jobs) {
  std::vector<v1::WorkflowState> states;
  std::set<std::string> seen;
  for (const FilmJob& film_job : jobs) {
    if (seen.insert(film_job.job.workflow).second) states.push_back(ToProto(film_job));
  }
  std::reverse(states.begin(), states.end());
  return states;
}

v1::DeliveryState ToProto(DeliveryState state) {
  switch (state) {
    case DeliveryState::kQueued:
      return v1::DELIVERY_STATE_QUEUED;
    case DeliveryState::kLeased:
      return v1::DELIVERY_STATE_SENDING;
    case DeliveryState::kDelivered:
      return v1::DELIVERY_STATE_DELIVERED;
    case DeliveryState::kBuried:
      return v1::DELIVERY_STATE_BURIED;
  }
  return v1::DELIVERY_STATE_UNSPECIFIED;
}

// What every message about a received instance says of it.
template <typename Message>
void SetInstance(const Instance& instance, Message& message) {
  message.set_sop_instance_uid(instance.sop_instance_uid.text());
  message.set_series_instance_uid(instance.series_instance_uid.text());
  message.set_study_instance_uid(instance.study_instance_uid.text());
  message.set_sop_class_uid(instance.sop_class_uid.text());
  message.set_modality(instance.modality);
  SetTime(instance.received_ms, message.mutable_received_time());
}

v1::Heatmap ToProto(const Heatmap& heatmap, const Placement& placement) {
  v1::Heatmap message;
  message.set_rows(heatmap.values.rows);
  message.set_columns(heatmap.values.cols);
  for (const float value : heatmap.values) message.add_values(value);
  message.set_peak(heatmap.peak);
  message.set_region_x(placement.region.x);
  message.set_region_y(placement.region.y);
  message.set_region_width(placement.region.width);
  message.set_region_height(placement.region.height);
  return message;
}

v1::ModelResult ToProto(const ModelResult& result) {
  v1::ModelResult message;
  message.set_model(result.model);
  message.set_version(result.version);
  message.set_weights_sha256(result.weights_sha256);
  message.set_label(result.finding.label);
  message.set_logit(result.finding.logit);
  message.set_probability(result.finding.probability);
  message.set_threshold(result.finding.threshold);
  message.set_positive(result.finding.positive);
  *message.mutable_heatmap() = ToProto(result.heatmap, result.placement);
  message.set_duration_ms(result.duration_ms);
  if (result.outlier.has_value()) {
    message.mutable_outlier()->set_distance(result.outlier->distance);
    message.mutable_outlier()->set_threshold(result.outlier->threshold);
  }
  return message;
}

v1::Agreement ToProto(const Agreement& agreement) {
  v1::Agreement message;
  message.set_models(agreement.models);
  message.set_overlap(agreement.overlap);
  message.set_distance(agreement.distance);
  message.set_correlation(agreement.correlation);
  message.set_sentence(agreement.sentence);
  if (agreement.percentiles.has_value()) {
    message.set_overlap_percentile(agreement.percentiles->overlap);
    message.set_distance_percentile(agreement.percentiles->distance);
    message.set_correlation_percentile(agreement.percentiles->correlation);
  }
  return message;
}

v1::DerivedInstance ToProto(const StoredDerivedInstance& stored) {
  const DerivedInstance& derived = stored.derived;
  v1::DerivedInstance message;
  message.set_kind(derived.kind);
  message.set_model(derived.model);
  message.set_sop_class_uid(derived.sop_class_uid.text());
  message.set_sop_instance_uid(derived.sop_instance_uid.text());
  message.set_series_instance_uid(derived.series_instance_uid.text());
  message.set_study_instance_uid(derived.study_instance_uid.text());
  message.set_size_bytes(derived.size_bytes);
  message.set_sha256(derived.sha256);
  for (const Delivery& delivery : stored.deliveries) {
    *message.add_deliveries() = ToProto(delivery);
  }
  return message;
}

}  // namespace

void SetTime(int64_t unix_ms, google::protobuf::Timestamp* time) {
  time->set_seconds(unix_ms / 1000);
  time->set_nanos(static_cast<int32_t>(unix_ms % 1000 * 1'000'000));
}

void SetDuration(absl::Duration duration, google::protobuf::Duration* message) {
  message->set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &duration));
  message->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
}

v1::Study ToProto(const StudySummary& study) {
  v1::Study message;
  message.set_study_instance_uid(study.study_instance_uid.text());
  message.set_instance_count(study.instances);
  message.set_analyzed_count(study.analyzed);
  message.set_not_eligible_count(study.not_eligible);
  message.set_pending_count(study.pending);
  message.set_buried_count(study.buried);
  SetTime(study.first_received_ms, message.mutable_first_received_time());
  SetTime(study.last_received_ms, message.mutable_last_received_time());
  return message;
}

v1::InstanceSummary ToProto(const Instance& instance, const std::vector<FilmJob>& jobs,
                            int64_t shown) {
  v1::InstanceSummary message;
  SetInstance(instance, message);
  if (instance.own_output) {
    message.set_state(v1::INSTANCE_STATE_OWN_OUTPUT);
    return message;
  }
  for (const FilmJob& film_job : jobs) {
    if (shown != 0 && film_job.job.id != shown) continue;
    const v1::WorkflowState state = ToProto(film_job);
    message.set_state(state.state());
    message.set_analysis_id(state.analysis_id());
    message.set_last_error(state.last_error());
    message.set_job_id(state.job_id());
    message.set_workflow(state.workflow());
    break;
  }
  for (const v1::WorkflowState& state : WorkflowStates(jobs)) *message.add_workflows() = state;
  return message;
}

v1::Analysis ToProto(const StoredAnalysis& stored, const std::vector<FilmJob>& jobs) {
  const Analysis& analysis = stored.analysis;
  v1::Analysis message;
  message.set_analysis_id(analysis.id);
  *message.mutable_instance() = ToProto(stored.instance, jobs, analysis.job_id);
  message.set_ineligibility_code(analysis.reason_code);
  message.set_ineligibility_reason(analysis.reason);
  for (const AnalysisFlag& flag : analysis.flags) {
    v1::AnalysisFlag& added = *message.add_flags();
    added.set_code(flag.code);
    added.set_text(flag.text);
  }
  for (const ModelResult& result : analysis.results) *message.add_results() = ToProto(result);
  if (!analysis.results.empty()) *message.mutable_agreement() = ToProto(analysis.agreement);
  for (const StoredDerivedInstance& derived : stored.derived) {
    *message.add_derived_instances() = ToProto(derived);
  }
  message.set_workflow(analysis.workflow);
  message.set_model_set(analysis.model_set);
  message.set_threshold_set(analysis.threshold_set);
  SetTime(analysis.started_ms, message.mutable_start_time());
  SetTime(analysis.finished_ms, message.mutable_finish_time());
  message.set_disclaimer(kResearchOnly);
  return message;
}

v1::Delivery ToProto(const Delivery& delivery) {
  v1::Delivery message;
  message.set_delivery_id(delivery.id);
  message.set_destination(delivery.destination);
  message.set_state(ToProto(delivery.state));
  message.set_failures(delivery.failures);
  if (delivery.last_status >= 0) message.set_last_status(delivery.last_status);
  message.set_last_error(delivery.last_error);
  return message;
}

v1::WorkerStatus ToProto(const WorkerRecord& worker) {
  v1::WorkerStatus message;
  message.set_name(worker.name);
  message.set_pid(worker.pid);
  message.set_device(worker.device);
  message.set_ready(worker.ready);
  message.set_model_set(worker.model_set);
  message.set_version(worker.version);
  SetTime(worker.heartbeat_ms, message.mutable_heartbeat_time());
  return message;
}

v1::DestinationStatus ToProto(const DestinationBacklog& backlog) {
  v1::DestinationStatus message;
  message.set_name(backlog.destination);
  message.set_queued(backlog.queued);
  message.set_delivered(backlog.delivered);
  message.set_buried(backlog.buried);
  return message;
}

v1::QuarantinedInstance ToProto(const QuarantinedInstance& entry) {
  const Instance& instance = entry.instance;
  v1::QuarantinedInstance message;
  message.set_quarantine_id(entry.id);
  SetInstance(instance, message);
  message.set_calling_ae_title(instance.calling_ae);
  message.set_called_ae_title(instance.called_ae);
  message.set_size_bytes(instance.size_bytes);
  message.set_sha256(instance.sha256);
  message.set_stored_sha256(entry.stored_sha256);
  message.set_blob_id(instance.blob_id);
  return message;
}

}  // namespace camnode
