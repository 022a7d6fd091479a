#include "services/ctl/error.h"

#include <cstddef>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/unknown_field_set.h"
#include "services/ctl/table.h"

namespace camnode {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

constexpr size_t kMaxDetailsBytes = 64 * 1024;

// The length-delimited fields `number` of a serialised message; none if it is not
// one.  google/rpc/*.proto are not packaged; four fields of theirs are all we read.
std::vector<std::string> FieldsOf(const std::string& message, int number) {
  std::vector<std::string> values;
  UnknownFieldSet fields;
  if (!fields.ParseFromString(message)) return values;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.number() == number && field.type() == UnknownField::TYPE_LENGTH_DELIMITED) {
      values.push_back(field.length_delimited());
    }
  }
  return values;
}

std::string FirstFieldOf(const std::string& message, int number) {
  const std::vector<std::string> values = FieldsOf(message, number);
  return values.empty() ? "" : values.front();
}

// What the operator can do about it; "" if the node's own words say all.
absl::string_view AdviceFor(absl::string_view reason) {
  if (reason == "NOT_YET_ANALYZED") {
    return "It is stored and waits for a worker: ask again, or use `camnodectl watch`.";
  }
  if (reason == "JOB_BURIED") {
    return "See why with `camnodectl requeue`, then give it another try with "
           "`camnodectl requeue JOB`.";
  }
  if (reason == "EVENTS_OF_ANOTHER_EPOCH") {
    return "`camnodectl watch --after 0` shows every event there is, `camnodectl watch` goes on "
           "from now.";
  }
  if (reason == "JOB_NOT_FOUND") return "`camnodectl requeue` lists the jobs that were set aside.";
  if (reason == "DELIVERY_NOT_FOUND") return "`camnodectl get` of its film shows its number.";
  return "";
}

absl::string_view AdviceFor(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::NOT_FOUND:
      return "`camnodectl list` shows what the node has.";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "The node is full or busy: try again later; `camnodectl doctor` says why.";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "Is the node older than this camnodectl?";
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      return "The node's log has the reason.";
    default:
      return "";
  }
}

std::string Sentence(absl::string_view text) {
  std::string sentence = Printable(text);
  if (!sentence.empty() && sentence.back() != '.') sentence.push_back('.');
  return sentence;
}

// True if no node answered, as opposed to a node that answered "unavailable".
bool NobodyAnswered(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE && ErrorReason(status).empty();
}

}  // namespace

std::string ErrorReason(const grpc::Status& status) {
  const std::string details = status.error_details();
  if (details.size() > kMaxDetailsBytes) return "";
  constexpr int kStatusDetails = 3, kAnyTypeUrl = 1, kAnyValue = 2, kErrorInfoReason = 1;
  for (const std::string& any : FieldsOf(details, kStatusDetails)) {
    if (absl::EndsWith(FirstFieldOf(any, kAnyTypeUrl), "/google.rpc.ErrorInfo")) {
      return Printable(FirstFieldOf(FirstFieldOf(any, kAnyValue), kErrorInfoReason));
    }
  }
  return "";
}

std::string ErrorInWords(const grpc::Status& status, absl::string_view address) {
  if (NobodyAnswered(status)) {
    return absl::StrCat("No camnode answers at ", address, " (", Printable(status.error_message()),
                        ").  Is it running, and is this its gRPC address?");
  }
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::StrCat("The node at ", address,
                        " did not answer in time: see `camnodectl doctor`, or give it longer "
                        "with --timeout SECONDS.");
  }
  const std::string reason = ErrorReason(status);
  std::string words = Sentence(status.error_message());
  if (words.empty()) words = "The node gave no reason.";
  if (!reason.empty()) absl::StrAppend(&words, " [", reason, "]");
  absl::string_view advice = AdviceFor(reason);
  if (advice.empty()) advice = AdviceFor(status.error_code());
  if (!advice.empty()) absl::StrAppend(&words, "  ", advice);
  return words;
}

CtlExit ExitCodeFor(const grpc::Status& status) {
  if (status.ok()) return kCtlDone;
  if (NobodyAnswered(status) || status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return kCtlUnreachable;
  }
  if (status.error_code() == grpc::StatusCode::NOT_FOUND ||
      ErrorReason(status) == "NOT_YET_ANALYZED") {
    return kCtlNotFound;
  }
  return kCtlFailed;
}

}  // namespace camnode
