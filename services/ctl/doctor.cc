#include "services/ctl/doctor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "google/protobuf/struct.pb.h"
#include "services/ctl/table.h"
#include "services/ctl/text.h"

namespace camnode {
namespace {

using Verdict = Diagnosis::Verdict;

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

Diagnosis DiagnosePart(const AskedPart& part) {
  absl::string_view short_name = part.part;
  absl::ConsumePrefix(&short_name, "camnode.");
  const std::string name(short_name.empty() ? "node" : short_name);
  switch (part.health) {
    case Health::kServing:
      return {Verdict::kWell, name, "says it is healthy"};
    case Health::kNotServing:
      return {Verdict::kIll, name,
              part.part.empty() ? "says a part of it is not healthy: see below and its log"
                                : "says it is not healthy: its log says why"};
    case Health::kUnknown:
      break;
  }
  return {Verdict::kLook, name, "does not say how it is"};
}

Diagnosis DiagnoseWorkers(const v1::GetStatusResponse& status, absl::Time now) {
  int ready = 0;
  std::string silent;
  for (const v1::WorkerStatus& worker : status.workers()) {
    const absl::Duration age = now - ToTime(worker.heartbeat_time());
    if (age > kMaxHeartbeatAge) {
      silent = absl::StrCat(worker.name(), " has been silent for ", SpanText(age));
    } else if (worker.ready()) {
      ++ready;
    }
  }
  if (ready == 0) {
    return {Verdict::kIll, "workers",
            silent.empty() ? "none is ready: films are stored and wait.  A worker needs some "
                             "seconds to load its models; if this lasts, the log says why"
                           : absl::StrCat("none is ready, ", silent,
                                          ": films are stored and wait.  The log says why")};
  }
  if (!silent.empty()) {
    return {Verdict::kLook, "workers", absl::StrCat(ready, " ready, but ", silent)};
  }
  return {Verdict::kWell, "workers", absl::StrCat(ready, " ready on ", status.workers(0).device())};
}

Diagnosis DiagnoseQueue(const v1::GetStatusResponse& status) {
  const std::string counts =
      absl::StrCat(status.queued_jobs(), " waiting, ", status.leased_jobs(), " running");
  const absl::Duration age = absl::Seconds(status.oldest_unfinished_age().seconds());
  if (age > kMaxQueueAge) {
    return {Verdict::kIll, "queue",
            absl::StrCat(counts, "; the oldest film has waited ", SpanText(age),
                         ": the worker is stuck, or slower than the senders")};
  }
  return {Verdict::kWell, "queue", counts};
}

Diagnosis DiagnoseBuried(const v1::GetStatusResponse& status) {
  if (status.buried_jobs() == 0) return {Verdict::kWell, "set aside", "no film"};
  return {Verdict::kLook, "set aside",
          absl::StrCat(status.buried_jobs(),
                       " films wait for a human: `camnodectl requeue` lists them")};
}

Diagnosis DiagnoseDestination(const v1::DestinationStatus& destination) {
  const std::string name = absl::StrCat("to ", destination.name());
  const std::string counts =
      absl::StrCat(destination.delivered(), " delivered, ", destination.queued(), " waiting");
  if (destination.buried() > 0) {
    return {Verdict::kLook, name,
            absl::StrCat(counts, ", ", destination.buried(),
                         " refused for good: `camnodectl get` of their films says why")};
  }
  return {Verdict::kWell, name, counts};
}

Diagnosis DiagnoseDisk(const v1::GetStatusResponse& status) {
  const std::string free = absl::StrCat(SizeText(status.free_bytes()), " free");
  if (status.free_bytes() < kComfortableFreeBytes) {
    return {Verdict::kLook, "free disk",
            absl::StrCat(free, ": below storage.min_free_bytes films are refused")};
  }
  return {Verdict::kWell, "free disk", free};
}

absl::string_view Word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWell:
      return "well";
    case Verdict::kLook:
      return "look";
    case Verdict::kIll:
      return "ill";
  }
  return "ill";
}

}  // namespace

std::vector<Diagnosis> Diagnose(const v1::GetStatusResponse& status,
                                const std::vector<AskedPart>& parts, absl::Time now) {
  std::vector<Diagnosis> diagnoses;
  for (const AskedPart& part : parts) diagnoses.push_back(DiagnosePart(part));
  diagnoses.push_back(DiagnoseWorkers(status, now));
  diagnoses.push_back(DiagnoseQueue(status));
  diagnoses.push_back(DiagnoseBuried(status));
  for (const v1::DestinationStatus& destination : status.destinations()) {
    diagnoses.push_back(DiagnoseDestination(destination));
  }
  diagnoses.push_back(DiagnoseDisk(status));
  return diagnoses;
}

bool AllWell(const std::vector<Diagnosis>& diagnoses) {
  return std::none_of(diagnoses.begin(), diagnoses.end(),
                      [](const Diagnosis& d) { return d.verdict == Verdict::kIll; });
}

std::string DiagnosesText(const std::vector<Diagnosis>& diagnoses) {
  std::string text;
  for (const Diagnosis& diagnosis : diagnoses) {
    const char* mark = "ok";
    if (diagnosis.verdict == Verdict::kLook) mark = "look";
    if (diagnosis.verdict == Verdict::kIll) mark = "ILL";
    absl::StrAppendFormat(&text, "%-4s  %-17s %s\n", mark, Printable(diagnosis.part),
                          Printable(diagnosis.sentence));
  }
  return text;
}

std::string DiagnosesJson(const std::vector<Diagnosis>& diagnoses) {
  google::protobuf::Struct report;
  (*report.mutable_fields())["healthy"].set_bool_value(AllWell(diagnoses));
  auto* parts = (*report.mutable_fields())["parts"].mutable_list_value();
  for (const Diagnosis& diagnosis : diagnoses) {
    auto& fields = *parts->add_values()->mutable_struct_value()->mutable_fields();
    fields["part"].set_string_value(diagnosis.part);
    fields["verdict"].set_string_value(std::string(Word(diagnosis.verdict)));
    fields["sentence"].set_string_value(diagnosis.sentence);
  }
  return JsonLine(report);
}

}  // namespace camnode
