#include "scp/conformance.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/dicom/derived/secondary_capture_writer.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/file/transfer_syntax.h"
#include "core/dicom/film/sop_classes.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcuid.h"
#include "scp/receive/admission.h"
#include "scp/receive/connection_census.h"
#include "scp/receive/presentation_contexts.h"
#include "scp/settings/delivery_settings.h"
#include "scp/wire/associate_check.h"
#include "scp/wire/dimse_status.h"
#include "scp/wire/pdu_guard.h"
#include "scp/wire/tls_credentials.h"

namespace camnode {
namespace {

using Row = std::vector<std::string>;

std::string Table(const Row& head, const std::vector<Row>& rows) {
  const auto line = [](const Row& cells) {
    return absl::StrCat("| ", absl::StrJoin(cells, " | "), " |\n");
  };
  std::string text = line(head);
  absl::StrAppend(&text, "|", absl::StrJoin(Row(head.size(), "---"), "|"), "|\n");
  for (const Row& row : rows) absl::StrAppend(&text, line(row));
  return text;
}

std::string Section(const std::string& title, const std::string& content) {
  return absl::StrCat("### ", title, "\n\n", content, "\n");
}

std::string UidName(absl::string_view uid) {
  return dcmFindNameOfUID(std::string(uid).c_str(), "private");
}

std::string SyntaxName(absl::string_view uid) { return std::string(TransferSyntaxName(uid)); }

// 2^20 as 1 MiB; what is no multiple as it is.
std::string Bytes(int64_t bytes) {
  for (const auto& [size, unit] : {std::pair<int64_t, const char*>{int64_t{1} << 30, "GiB"},
                                   {int64_t{1} << 20, "MiB"},
                                   {int64_t{1} << 10, "KiB"}}) {
    if (bytes >= size && bytes % size == 0) return absl::StrCat(bytes / size, " ", unit);
  }
  return absl::StrCat(bytes, " bytes");
}

std::string Services() {
  std::vector<Row> rows = {{UidName(kVerificationSopClass), kVerificationSopClass, "no", "yes"}};
  for (const absl::string_view uid : AcceptedStorageSopClasses()) {
    const bool sent = uid == kSecondaryCaptureSopClass;
    rows.push_back({UidName(uid), std::string(uid), sent ? "yes" : "no", "yes"});
  }
  return Section("SOP classes and roles", Table({"SOP class", "UID", "SCU", "SCP"}, rows));
}

std::string TransferSyntaxes() {
  std::vector<Row> rows;
  for (const absl::string_view uid : SupportedTransferSyntaxes()) {
    const bool sent = uid == kExplicitLittleEndian || uid == kImplicitLittleEndian;
    const bool verifies = sent;
    rows.push_back({SyntaxName(uid), std::string(uid), absl::StrCat(rows.size() + 1),
                    verifies ? "yes" : "no", sent ? "yes" : "no"});
  }
  return Section("Transfer syntaxes", Table({"Transfer syntax", "UID", "Storage SCP, preference",
                                             "Verification SCP", "Storage SCU"},
                                            rows));
}

std::string RejectionTable() {
  std::vector<Row> rows;
  for (const Rejection& rejection : Rejections()) {
    // DCMTK keeps source and reason in one number.
    rows.push_back(
        {absl::StrCat(static_cast<int>(rejection.result), ", ", static_cast<int>(rejection.source),
                      ", ", static_cast<int>(rejection.reason) & 0xFF),
         rejection.meaning, rejection.when});
  }
  return Section("Associations rejected",
                 Table({"Result, source, reason", "Meaning (PS3.8)", "When"}, rows));
}

std::string StoreStatuses() {
  std::map<uint16_t, std::vector<std::string>> comments;
  for (int code = 0; code <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    const auto status_code = static_cast<absl::StatusCode>(code);
    std::vector<std::string>& of_status = comments[DimseStatusFor(status_code)];
    const std::string comment = ErrorCommentFor(status_code);
    const bool known = std::find(of_status.begin(), of_status.end(), comment) != of_status.end();
    if (!comment.empty() && !known) of_status.push_back(comment);
  }
  std::vector<Row> rows;
  for (const StoreAnswer& answer : StoreAnswers()) {
    rows.push_back({DimseStatusText(answer.status), answer.when,
                    absl::StrJoin(comments[answer.status], "; ")});
  }
  return Section("Answers to C-STORE",
                 Table({"Status", "When", "Error Comment (0000,0902)"}, rows));
}

std::string OutcomeText(DeliveryOutcome outcome, int max_failures) {
  switch (outcome) {
    case DeliveryOutcome::kDelivered:
      return "delivered";
    case DeliveryOutcome::kRetry:
      return "sent again, for ever";
    case DeliveryOutcome::kRetryThenBury:
      return absl::StrCat("sent again, ", max_failures, " times in all, then set aside");
    case DeliveryOutcome::kBury:
      break;
  }
  return "set aside with the reason";
}

// Every status there is, as ranges that mean the same.
std::string DeliveryStatuses(int max_failures) {
  std::map<DeliveryOutcome, Row> ranges;
  int first = 0;
  for (int status = 0; status <= 0xFFFF; ++status) {
    const DeliveryOutcome outcome = OutcomeFor(static_cast<uint16_t>(status));
    const bool ends = status == 0xFFFF || OutcomeFor(static_cast<uint16_t>(status + 1)) != outcome;
    if (!ends) continue;
    std::string range = DimseStatusText(static_cast<uint16_t>(first));
    if (status > first) {
      absl::StrAppend(&range, "-", DimseStatusText(static_cast<uint16_t>(status)));
    }
    ranges[outcome].push_back(range);
    first = status + 1;
  }
  ranges[DeliveryOutcome::kRetryThenBury] = {"any other"};
  std::vector<Row> rows;
  for (const auto& [outcome, of_outcome] : ranges) {
    rows.push_back({absl::StrJoin(of_outcome, ", "), OutcomeText(outcome, max_failures)});
  }
  rows.push_back({"association lost, rejected or not reached",
                  OutcomeText(DeliveryOutcome::kRetry, max_failures)});
  rows.push_back({"presentation context refused", OutcomeText(DeliveryOutcome::kBury, 0)});
  return Section("What a destination's answer does", Table({"Answer", "The object is"}, rows));
}

std::string Limits(const AcceptorSettings& settings) {
  const PduGuardOptions guard;
  const std::string busy = "rejected, transient";
  return Section(
      "Limits of the SCP",
      Table(
          {"Limit", "Value", "Beyond it"},
          {{"associations at a time", absl::StrCat(settings.max_associations), busy},
           {"connections of one address", absl::StrCat(settings.max_associations_per_peer),
            absl::StrCat(ConnectionCensus::kPoliteRefusals, " more rejected, then closed unread")},
           {"associations, data set of one AE title", "as its peers entry says",
            absl::StrCat(busy, "; 0xA700")},
           {"connections of addresses that no peer has",
            absl::StrCat(ConnectionCensus::kMaxStrangers), "closed unread"},
           {"A-ASSOCIATE PDU", Bytes(guard.max_associate_bytes), "closed"},
           {"presentation contexts, transfer syntaxes of each",
            absl::StrCat(kMaxPresentationContexts, ", ", kMaxProposedTransferSyntaxes), "closed"},
           {"P-DATA PDU, announced", Bytes(settings.max_pdu_bytes), "closed"},
           {"command set, over all fragments", Bytes(guard.max_command_bytes), "aborted"},
           {"command set, content", "group 0000, no sequences", "aborted"},
           {"data set", Bytes(settings.max_instance_bytes),
            "read, dropped, 0xA700; aborted at twice the size"},
           {"data set, nested sequences", absl::StrCat(kMaxSequenceDepth), "0xC000"},
           {"data set, elements", absl::StrCat(kMaxElements), "0xC000"},
           {"data set, inflated", Bytes(static_cast<int64_t>(kMaxInflatedBytes)), "0xC000"},
           {"TCP accept to the end of A-ASSOCIATE-RQ, TLS handshake included",
            absl::FormatDuration(settings.association_request_timeout), "closed"},
           {"silence", absl::FormatDuration(settings.idle_timeout), "aborted"},
           {"one C-STORE, command to last byte", absl::FormatDuration(settings.instance_timeout),
            "aborted"}}));
}

std::string SenderLimits(const OutboxSenderOptions& options) {
  const DeliverySettings& settings = options.settings;
  return Section(
      "Behaviour of the SCU",
      Table(
          {"What", "Value"},
          {{"associations at a time, one per destination",
            absl::StrCat(options.max_active_destinations)},
           {"objects over one association", absl::StrCat(settings.max_per_association)},
           {"to connect and negotiate, TLS handshake included",
            absl::FormatDuration(settings.connect_timeout)},
           {"silence, and the wait for an answer", absl::FormatDuration(settings.response_timeout)},
           {"wait before an object is sent again",
            absl::StrCat(absl::FormatDuration(settings.backoff.initial), " to ",
                         absl::FormatDuration(settings.backoff.maximum), ", with jitter")}}));
}

std::string Tls(bool require_peer_certificate) {
  std::vector<std::string> suites = TlsCredentials::CipherSuites();
  return Section(
      "TLS", Table({"What", "Value"},
                   {{"profile", "BCP 195 non-downgrading (PS3.15 B.10)"},
                    {"versions", "TLS 1.2, TLS 1.3"},
                    {"cipher suites", absl::StrJoin(suites, ", ")},
                    {"certificate of a peer that calls",
                     require_peer_certificate ? "required, checked against dicom.tls.ca_file"
                                              : "checked against dicom.tls.ca_file if shown"},
                    {"certificate of a destination", "required, checked against dicom.tls.ca_file"},
                    {"resumption, renegotiation, compression", "no"}}));
}

std::string Identification() {
  return Section("Identification",
                 Table({"What", "Value"},
                       {{"Implementation Class UID", CamnodeImplementationClassUid().text()},
                        {"Implementation Version Name", kImplementationVersionName},
                        {"Application context", kDicomApplicationContext}}));
}

}  // namespace

std::string ConformanceTables(const ConformanceSubject& subject) {
  std::string text = absl::StrCat(
      Services(), TransferSyntaxes(), RejectionTable(), StoreStatuses(), Limits(subject.acceptor),
      DeliveryStatuses(subject.sender.settings.max_failures), SenderLimits(subject.sender),
      Tls(subject.require_peer_certificate), Identification());
  text.pop_back();  // One line feed at the end is enough.
  return text;
}

}  // namespace camnode
