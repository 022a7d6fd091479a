#include "services/ctl/text.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/json_util.h"
#include "services/ctl/table.h"

namespace camnode {
namespace {

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string AgeText(const google::protobuf::Timestamp& time, absl::Time now) {
  return time.seconds() == 0 ? "never" : absl::StrCat(SpanText(now - ToTime(time)), " ago");
}

std::string Number(double value) { return absl::StrFormat("%.4f", value); }

std::string VerdictText(const v1::ModelResult& result) {
  return result.positive() ? "POSITIVE" : "negative";
}

std::string ResultsText(const v1::Analysis& analysis) {
  Table table({"MODEL", "VERSION", "LABEL", "PROBABILITY", "THRESHOLD", "VERDICT", "TIME"});
  for (const v1::ModelResult& result : analysis.results()) {
    table.AddRow({result.model(), result.version(), result.label(), Number(result.probability()),
                  Number(result.threshold()), VerdictText(result),
                  absl::StrFormat("%.0f ms", result.duration_ms())});
  }
  return table.ToString("  ");
}

std::string AgreementText(const v1::Agreement& agreement) {
  if (agreement.models() < 2) return "";
  std::string text = absl::StrFormat(
      "  %s  Overlap %.2f, centres %.2f film widths apart, rank correlation %.2f.\n",
      Printable(agreement.sentence()), agreement.overlap(), agreement.distance(),
      agreement.correlation());
  if (agreement.has_overlap_percentile()) {
    absl::StrAppendFormat(&text, "  Percentiles against different films: %.0f, %.0f, %.0f.\n",
                          agreement.overlap_percentile(), agreement.distance_percentile(),
                          agreement.correlation_percentile());
  }
  return text;
}

std::string DeliveryText(const v1::Delivery& delivery) {
  std::string text = absl::StrCat(delivery.destination(), ": ");
  switch (delivery.state()) {
    case v1::DELIVERY_STATE_QUEUED:
      text += "queued";
      break;
    case v1::DELIVERY_STATE_SENDING:
      text += "being sent";
      break;
    case v1::DELIVERY_STATE_DELIVERED:
      text += "delivered";
      break;
    case v1::DELIVERY_STATE_BURIED:
      absl::StrAppend(&text, "set aside (requeue --delivery ", delivery.delivery_id(), ")");
      break;
    default:
      text += "unknown";
      break;
  }
  if (delivery.state() != v1::DELIVERY_STATE_DELIVERED && !delivery.last_error().empty()) {
    absl::StrAppend(&text, " after ", delivery.failures(), " failures: ", delivery.last_error());
  }
  return text;
}

std::string ObjectsText(const v1::Analysis& analysis) {
  if (analysis.derived_instances().empty()) return "";
  Table table({"OBJECT", "MODEL", "SOP INSTANCE UID", "SIZE", "DELIVERY"});
  for (const v1::DerivedInstance& object : analysis.derived_instances()) {
    std::vector<std::string> deliveries;
    for (const v1::Delivery& delivery : object.deliveries()) {
      deliveries.push_back(DeliveryText(delivery));
    }
    table.AddRow({object.kind(), object.model().empty() ? "all" : object.model(),
                  object.sop_instance_uid(), SizeText(object.size_bytes()),
                  deliveries.empty() ? "to nobody" : absl::StrJoin(deliveries, "; ")});
  }
  return table.ToString("  ");
}

}  // namespace

absl::string_view StateText(v1::InstanceState state) {
  switch (state) {
    case v1::INSTANCE_STATE_QUEUED:
      return "queued";
    case v1::INSTANCE_STATE_RUNNING:
      return "running";
    case v1::INSTANCE_STATE_ANALYZED:
      return "analysed";
    case v1::INSTANCE_STATE_NOT_ELIGIBLE:
      return "not eligible";
    case v1::INSTANCE_STATE_BURIED:
      return "set aside";
    case v1::INSTANCE_STATE_OWN_OUTPUT:
      return "own output";
    default:
      return "unknown";
  }
}

std::string AnalysisText(const v1::Analysis& analysis, absl::TimeZone zone) {
  const v1::InstanceSummary& film = analysis.instance();
  std::string text = absl::StrCat("Analysis ", analysis.analysis_id(), "  ",
                                  TimeText(analysis.finish_time(), zone), "\n", "  Film      ",
                                  Printable(film.sop_instance_uid()), "\n", "  Study     ",
                                  Printable(film.study_instance_uid()), "\n", "  Workflow  ",
                                  Printable(analysis.workflow()), "\n");
  if (!analysis.ineligibility_code().empty()) {
    absl::StrAppend(&text, "  Not analysed: ", Printable(analysis.ineligibility_reason()), " [",
                    Printable(analysis.ineligibility_code()), "]\n");
  } else {
    absl::StrAppend(&text, ResultsText(analysis), AgreementText(analysis.agreement()));
  }
  for (const v1::AnalysisFlag& flag : analysis.flags()) {
    absl::StrAppend(&text, "  Note: ", Printable(flag.text()), " [", Printable(flag.code()), "]\n");
  }
  absl::StrAppend(&text, ObjectsText(analysis));
  if (!analysis.disclaimer().empty()) {
    absl::StrAppend(&text, "  ", Printable(analysis.disclaimer()), "\n");
  }
  return text;
}

std::string StudiesText(const std::vector<v1::Study>& studies, absl::TimeZone zone) {
  if (studies.empty()) return "No studies yet: send a film to the node's DICOM port.\n";
  Table table({"STUDY INSTANCE UID", "FILMS", "ANALYSED", "NOT ELIGIBLE", "PENDING", "SET ASIDE",
               "LAST RECEIVED"});
  for (const v1::Study& study : studies) {
    table.AddRow({study.study_instance_uid(), absl::StrCat(study.instance_count()),
                  absl::StrCat(study.analyzed_count()), absl::StrCat(study.not_eligible_count()),
                  absl::StrCat(study.pending_count()), absl::StrCat(study.buried_count()),
                  TimeText(study.last_received_time(), zone)});
  }
  return table.ToString();
}

std::string FilmsText(const v1::GetStudyResponse& study, absl::TimeZone zone) {
  Table table(
      {"SOP INSTANCE UID", "MODALITY", "WORKFLOW", "STATE", "ANALYSIS", "RECEIVED", "LAST ERROR"});
  for (const v1::InstanceSummary& film : study.instances()) {
    const auto add_row = [&](const auto& of) {
      table.AddRow({film.sop_instance_uid(), film.modality(),
                    of.workflow().empty() ? "-" : of.workflow(), std::string(StateText(of.state())),
                    of.analysis_id() == 0 ? "-" : absl::StrCat(of.analysis_id()),
                    TimeText(film.received_time(), zone), of.last_error()});
    };
    for (const v1::WorkflowState& of : film.workflows()) add_row(of);
    if (film.workflows().empty()) add_row(film);
  }
  return table.ToString();
}

std::string BuriedText(const std::vector<v1::InstanceSummary>& films, absl::TimeZone zone) {
  if (films.empty()) return "No film is set aside.\n";
  Table table({"JOB", "WORKFLOW", "SOP INSTANCE UID", "RECEIVED", "WHY"});
  for (const v1::InstanceSummary& film : films) {
    table.AddRow({absl::StrCat(film.job_id()), film.workflow(), film.sop_instance_uid(),
                  TimeText(film.received_time(), zone), film.last_error()});
  }
  return table.ToString();
}

std::string QuarantinedText(const std::vector<v1::QuarantinedInstance>& films,
                            absl::TimeZone zone) {
  if (films.empty()) return "No film is in quarantine.\n";
  // Enough of a digest to tell two apart; --json prints them whole.
  constexpr size_t kDigestDigits = 12;
  Table table({"NUMBER", "SOP INSTANCE UID", "FROM", "SIZE", "RECEIVED", "DIGEST", "STORED"});
  for (const v1::QuarantinedInstance& film : films) {
    table.AddRow({absl::StrCat(film.quarantine_id()), film.sop_instance_uid(),
                  film.calling_ae_title(), SizeText(film.size_bytes()),
                  TimeText(film.received_time(), zone), film.sha256().substr(0, kDigestDigits),
                  film.stored_sha256().substr(0, kDigestDigits)});
  }
  return table.ToString();
}

std::string EventText(const v1::WatchAnalysesResponse& event, absl::TimeZone zone) {
  std::string text = absl::StrCat("#", event.event_number(), "  ");
  if (event.has_buried()) {
    return absl::StrCat(text, "film ", Printable(event.buried().sop_instance_uid()),
                        "  set aside: ", Printable(event.buried().last_error()), "\n");
  }
  const v1::Analysis& analysis = event.analysis();
  absl::StrAppend(&text, TimeText(analysis.finish_time(), zone), "  analysis ",
                  analysis.analysis_id(), "  film ",
                  Printable(analysis.instance().sop_instance_uid()), "  ",
                  Printable(analysis.workflow()), "  ");
  if (!analysis.ineligibility_code().empty()) {
    return absl::StrCat(text, "not analysed: ", Printable(analysis.ineligibility_code()), "\n");
  }
  std::vector<std::string> verdicts;
  for (const v1::ModelResult& result : analysis.results()) {
    verdicts.push_back(absl::StrCat(Printable(result.model()), " ", Number(result.probability()),
                                    result.positive() ? " positive" : " negative"));
  }
  return absl::StrCat(text, absl::StrJoin(verdicts, ", "), "\n");
}

std::string NodeStatusText(const v1::GetStatusResponse& status, absl::Time now) {
  std::string text =
      absl::StrCat("camnode ", Printable(status.version()), ", ", SizeText(status.free_bytes()),
                   " free\n", "Queue: ", status.queued_jobs(), " waiting, ", status.leased_jobs(),
                   " running, ", status.buried_jobs(), " set aside");
  if (status.quarantined_instances() > 0) {
    absl::StrAppend(&text, ", ", status.quarantined_instances(), " in quarantine");
  }
  if (status.oldest_unfinished_age().seconds() > 0) {
    absl::StrAppend(&text, "; the oldest unfinished one came ",
                    SpanText(absl::Seconds(status.oldest_unfinished_age().seconds())), " ago");
  }
  text += "\n\n";
  Table workers({"WORKER", "PID", "DEVICE", "STATE", "HEARTBEAT", "VERSION"});
  for (const v1::WorkerStatus& worker : status.workers()) {
    workers.AddRow({worker.name(), absl::StrCat(worker.pid()), worker.device(),
                    worker.ready() ? "ready" : "not ready", AgeText(worker.heartbeat_time(), now),
                    worker.version()});
  }
  absl::StrAppend(
      &text, status.workers().empty() ? "No worker has reported.\n" : workers.ToString(), "\n");
  Table destinations({"DESTINATION", "QUEUED", "DELIVERED", "SET ASIDE"});
  for (const v1::DestinationStatus& destination : status.destinations()) {
    destinations.AddRow({destination.name(), absl::StrCat(destination.queued()),
                         absl::StrCat(destination.delivered()),
                         absl::StrCat(destination.buried())});
  }
  absl::StrAppend(&text, status.destinations().empty() ? "No destination is configured.\n"
                                                       : destinations.ToString());
  return text;
}

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) json = "{}";
  return absl::StrCat(json, "\n");
}

std::string AdoptionText(const v1::AdoptFilmsResponse& answer, bool dry_run) {
  if (answer.unnamed() == 0) return "Every stored file has its row: there is nothing to adopt.\n";
  return absl::StrCat(answer.unnamed(), " files without a row: ", answer.adopted(), " films ",
                      dry_run ? "would be" : "are", " taken in and queued, ", answer.known(),
                      " are films the database has, ", answer.outputs(), " are objects of ours, ",
                      answer.others(), " no DICOM, ", answer.refused(), " refused",
                      answer.refused() > 0 ? " (the node's log says why)" : "", ".\n");
}

}  // namespace camnode
