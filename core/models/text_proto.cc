#include "core/models/text_proto.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

// Keeps the first error: the parser stops there.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, int column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  void AddWarning(int line, int column, const std::string& message) override {
    AddError(line, column, message);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// The names that a parser's message about an unknown one leaves out; it quotes the message's
// type, or the field, and neither is worth more than this search.
std::string KnownNames(const std::string& error, const google::protobuf::Descriptor& message,
                       std::set<const google::protobuf::Descriptor*>& seen) {
  using google::protobuf::FieldDescriptor;
  if (!seen.insert(&message).second) return "";
  std::vector<std::string> fields;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    fields.push_back(field.name());
    if (field.enum_type() != nullptr && absl::StrContains(error, "numeration value") &&
        absl::EndsWith(error, absl::StrCat("for field \"", field.name(), "\"."))) {
      std::vector<std::string> values;
      for (int v = 0; v < field.enum_type()->value_count(); ++v) {
        // 0 is "unspecified" by convention.
        if (field.enum_type()->value(v)->number() == 0) continue;
        values.push_back(field.enum_type()->value(v)->name());
      }
      return absl::StrCat(" It is one of ", absl::StrJoin(values, ", "), ".");
    }
    if (field.message_type() != nullptr) {
      std::string names = KnownNames(error, *field.message_type(), seen);
      if (!names.empty()) return names;
    }
  }
  if (!absl::StrContains(error, absl::StrCat("type \"", message.full_name(), "\" has no field"))) {
    return "";
  }
  return absl::StrCat(" Its fields are ", absl::StrJoin(fields, ", "), ".");
}

}  // namespace

absl::Status ParseTextProto(absl::string_view text, google::protobuf::Message& message) {
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(std::string(text), &message) || !error.text().empty()) {
    std::set<const google::protobuf::Descriptor*> seen;
    return absl::FailedPreconditionError(
        absl::StrCat(error.text(), KnownNames(error.text(), *message.GetDescriptor(), seen)));
  }
  return absl::OkStatus();
}

absl::Status ReadTextProtoFile(const std::string& path, int64_t max_bytes,
                               google::protobuf::Message& message) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string text,
                           ReadFile(path, max_bytes, absl::StatusCode::kFailedPrecondition));
  return Annotate(ParseTextProto(text, message), path);
}

std::string FormatTextProto(const google::protobuf::Message& message, absl::string_view comment) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.SetUseShortRepeatedPrimitives(true);
  std::string body;
  printer.PrintToString(message, &body);
  std::string text;
  for (const absl::string_view line : absl::StrSplit(comment, '\n')) {
    absl::StrAppend(&text, line.empty() ? "#" : "# ", line, "\n");
  }
  return absl::StrCat(text, "\n", body);
}

}  // namespace camnode
