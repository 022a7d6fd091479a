#include "core/storage/row_mapping.h"

#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/domain/uid.h"

namespace camnode {
namespace {

constexpr size_t kMaxErrorBytes = 1000;
// A feature grid is 7x7 or 14x14; this bounds what a damaged row can ask for.
constexpr int64_t kMaxHeatmapSide = 4096;

MediaType ParseMediaType(absl::string_view name) {
  for (const MediaType type : {MediaType::kPng, MediaType::kJpeg}) {
    if (name == MediaTypeName(type)) return type;
  }
  return MediaType::kDicom;
}

DeliveryState ParseDeliveryState(absl::string_view name) {
  for (const DeliveryState state :
       {DeliveryState::kLeased, DeliveryState::kDelivered, DeliveryState::kBuried}) {
    if (name == DeliveryStateName(state)) return state;
  }
  return DeliveryState::kQueued;
}

}  // namespace

absl::string_view MediaTypeName(MediaType type) {
  switch (type) {
    case MediaType::kDicom:
      return "dicom";
    case MediaType::kPng:
      return "png";
    case MediaType::kJpeg:
      return "jpeg";
  }
  return "unknown";
}

absl::string_view OutcomeName(AnalysisOutcome outcome) {
  switch (outcome) {
    case AnalysisOutcome::kAnalyzed:
      return "analyzed";
    case AnalysisOutcome::kNotEligible:
      return "not_eligible";
  }
  return "unknown";
}

AnalysisOutcome ParseOutcome(absl::string_view name) {
  return name == OutcomeName(AnalysisOutcome::kNotEligible) ? AnalysisOutcome::kNotEligible
                                                            : AnalysisOutcome::kAnalyzed;
}

absl::string_view EventKindName(EventKind kind) {
  switch (kind) {
    case EventKind::kAnalysisCommitted:
      return "analysis_committed";
    case EventKind::kJobBuried:
      return "job_buried";
  }
  return "unknown";
}

EventKind ParseEventKind(absl::string_view name) {
  return name == EventKindName(EventKind::kJobBuried) ? EventKind::kJobBuried
                                                      : EventKind::kAnalysisCommitted;
}

Uid UidFromRow(const std::string& text) {
  return text.empty() ? Uid() : Uid::Parse(text).value_or(Uid());
}

const absl::string_view kJobColumns =
    "job.id, job.subject, job.workflow, job.model_set, job.priority, job.state, "
    "job.attempt, job.failures, job.interruptions, job.alone, job.analysis_started_ms, "
    "job.created_ms, job.last_error";

Job JobFromRow(const SqlRow& row) {
  Job job;
  job.id = row.Int(0);
  job.subject = row.Int(1);
  job.workflow = row.Text(2);
  job.model_set = row.Text(3);
  job.priority = static_cast<JobPriority>(row.Int(4));
  job.state = ParseJobState(row.Text(5)).value_or(JobState::kBuried);
  job.attempt = static_cast<int>(row.Int(6));
  job.failures = static_cast<int>(row.Int(7));
  job.interruptions = static_cast<int>(row.Int(8));
  job.alone = row.Int(9) != 0;
  job.analysis_started_ms = row.Int(10);
  job.created_ms = row.Int(11);
  job.last_error = row.Text(12);
  return job;
}

const absl::string_view kInstanceColumns =
    "instance.id, instance.sop_instance_uid, instance.series_instance_uid, "
    "instance.study_instance_uid, instance.sop_class_uid, instance.transfer_syntax_uid, "
    "instance.media_type, instance.blob_id, instance.sha256, instance.size_bytes, "
    "instance.modality, instance.calling_ae, instance.called_ae, instance.received_ms, "
    "instance.own_output";

Instance InstanceFromRow(const SqlRow& row, size_t first) {
  Instance instance;
  instance.id = row.Int(first);
  instance.sop_instance_uid = UidFromRow(row.Text(first + 1));
  instance.series_instance_uid = UidFromRow(row.Text(first + 2));
  instance.study_instance_uid = UidFromRow(row.Text(first + 3));
  instance.sop_class_uid = UidFromRow(row.Text(first + 4));
  instance.transfer_syntax_uid = UidFromRow(row.Text(first + 5));
  instance.media_type = ParseMediaType(row.Text(first + 6));
  instance.blob_id = row.Text(first + 7);
  instance.sha256 = row.Text(first + 8);
  instance.size_bytes = row.Int(first + 9);
  instance.modality = row.Text(first + 10);
  instance.calling_ae = row.Text(first + 11);
  instance.called_ae = row.Text(first + 12);
  instance.received_ms = row.Int(first + 13);
  instance.own_output = row.Int(first + 14) != 0;
  return instance;
}

SqlParameters InstanceParameters(const Instance& instance) {
  return {{"sop", instance.sop_instance_uid.text()},
          {"series", instance.series_instance_uid.text()},
          {"study", instance.study_instance_uid.text()},
          {"sop_class", instance.sop_class_uid.text()},
          {"transfer_syntax", instance.transfer_syntax_uid.text()},
          {"blob", instance.blob_id},
          {"sha256", instance.sha256},
          {"size", instance.size_bytes},
          {"modality", instance.modality},
          {"calling", instance.calling_ae},
          {"called", instance.called_ae}};
}

const absl::string_view kDerivedInstanceColumns =
    "derived_instance.id, derived_instance.analysis_id, derived_instance.kind, "
    "derived_instance.model, derived_instance.sop_instance_uid, derived_instance.sop_class_uid, "
    "derived_instance.series_instance_uid, derived_instance.study_instance_uid, "
    "derived_instance.transfer_syntax_uid, derived_instance.blob_id, derived_instance.sha256, "
    "derived_instance.size_bytes";

DerivedInstance DerivedInstanceFromRow(const SqlRow& row, size_t first) {
  DerivedInstance derived;
  derived.id = row.Int(first);
  derived.analysis_id = row.Int(first + 1);
  derived.kind = row.Text(first + 2);
  derived.model = row.Text(first + 3);
  derived.sop_instance_uid = UidFromRow(row.Text(first + 4));
  derived.sop_class_uid = UidFromRow(row.Text(first + 5));
  derived.series_instance_uid = UidFromRow(row.Text(first + 6));
  derived.study_instance_uid = UidFromRow(row.Text(first + 7));
  derived.transfer_syntax_uid = UidFromRow(row.Text(first + 8));
  derived.blob_id = row.Text(first + 9);
  derived.sha256 = row.Text(first + 10);
  derived.size_bytes = row.Int(first + 11);
  return derived;
}

const absl::string_view kDeliveryColumns =
    "delivery.id, delivery.derived_instance_id, delivery.destination, delivery.state, "
    "delivery.attempt, delivery.failures, delivery.last_status, delivery.last_error";

Delivery DeliveryFromRow(const SqlRow& row, size_t first) {
  Delivery delivery;
  delivery.id = row.Int(first);
  delivery.derived_instance_id = row.Int(first + 1);
  delivery.destination = row.Text(first + 2);
  delivery.state = ParseDeliveryState(row.Text(first + 3));
  delivery.attempt = static_cast<int>(row.Int(first + 4));
  delivery.failures = static_cast<int>(row.Int(first + 5));
  delivery.last_status = static_cast<int>(row.Int(first + 6));
  delivery.last_error = row.Text(first + 7);
  return delivery;
}

SqlBlob HeatmapBytes(const Heatmap& heatmap) {
  SqlBlob blob;
  blob.bytes.reserve(heatmap.values.total() * sizeof(float));
  for (const float value : heatmap.values) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    for (int shift = 0; shift < 32; shift += 8) {
      blob.bytes.push_back(static_cast<char>((bits >> shift) & 0xFF));
    }
  }
  return blob;
}

absl::Status HeatmapFromBytes(const std::string& bytes, int64_t rows, int64_t columns,
                              Heatmap& heatmap) {
  if (rows < 0 || columns < 0 || rows > kMaxHeatmapSide || columns > kMaxHeatmapSide ||
      bytes.size() != static_cast<size_t>(rows * columns) * sizeof(float)) {
    return absl::DataLossError("a stored heatmap has not the size its row says");
  }
  if (bytes.empty()) return absl::OkStatus();
  heatmap.values.create(static_cast<int>(rows), static_cast<int>(columns));
  const char* next = bytes.data();
  for (float& value : heatmap.values) {
    uint32_t bits = 0;
    for (int shift = 0; shift < 32; shift += 8) {
      bits |= static_cast<uint32_t>(static_cast<unsigned char>(*next++)) << shift;
    }
    std::memcpy(&value, &bits, sizeof(value));
  }
  return absl::OkStatus();
}

std::string JoinDestinations(const std::vector<std::string>& names) {
  std::vector<std::string> kept;
  for (const std::string& name : names) {
    if (!name.empty()) kept.push_back(name);
  }
  return absl::StrJoin(kept, "\n");
}

std::vector<std::string> SplitDestinations(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

std::string ErrorText(const absl::Status& status) {
  std::string text = absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message());
  if (text.size() <= kMaxErrorBytes) return text;
  size_t end = kMaxErrorBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace camnode
