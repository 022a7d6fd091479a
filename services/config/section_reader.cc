#include "services/config/section_reader.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace camnode {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

ConfigReader::ConfigReader(const Message& message, const ParseInfo* where, std::string name,
                           ConfigFindings& findings)
    : ConfigReader(message, where, std::move(name), findings, 0) {}

ConfigReader::ConfigReader(const Message& message, const ParseInfo* where, std::string name,
                           ConfigFindings& findings, int line)
    : message_(message), where_(where), name_(std::move(name)), findings_(findings), line_(line) {}

const FieldDescriptor* ConfigReader::Field(absl::string_view option) const {
  const FieldDescriptor* field = message_.GetDescriptor()->FindFieldByName(std::string(option));
  GOOGLE_CHECK(field != nullptr) << std::string(option);
  findings_.known.insert(field);
  return field;
}

int ConfigReader::LineOf(const FieldDescriptor* field, int index) const {
  if (where_ == nullptr) return line_;
  const int line = where_->GetLocation(field, field->is_repeated() ? index : -1).line;
  return line < 0 ? line_ : line + 1;
}

std::string ConfigReader::FullName(absl::string_view option) const {
  return name_.empty() ? std::string(option) : absl::StrCat(name_, ".", option);
}

bool ConfigReader::Has(absl::string_view option) const {
  const FieldDescriptor* field = Field(option);
  if (field->is_repeated()) return message_.GetReflection()->FieldSize(message_, field) > 0;
  return message_.GetReflection()->HasField(message_, field);
}

void ConfigReader::Mistake(absl::string_view option, absl::string_view text, int index) const {
  findings_.mistakes.push_back(
      {LineOf(Field(option), index), absl::StrCat(FullName(option), " ", text)});
}

void ConfigReader::Require(absl::string_view option, absl::string_view expected) const {
  if (Has(option)) return;
  Mistake(option, absl::StrCat("is missing; expected ", expected));
}

template <typename Value>
void ConfigReader::Set(absl::string_view option, const Value& read, Value* value) const {
  if (read == *value) return;
  findings_.changed.push_back(FullName(option));
  *value = read;
}

void ConfigReader::Read(absl::string_view option, bool* value) const {
  if (Has(option)) Set(option, message_.GetReflection()->GetBool(message_, Field(option)), value);
}

void ConfigReader::Read(absl::string_view option, double min, double max, double* value) const {
  if (!Has(option)) return;
  const double read = message_.GetReflection()->GetDouble(message_, Field(option));
  if (read >= min && read <= max) {
    Set(option, read, value);
  } else {
    Mistake(option, absl::StrCat("is ", read, "; expected ", min, " to ", max));
  }
}

void ConfigReader::Read(absl::string_view option, int64_t min, int64_t max, int64_t* value) const {
  if (!Has(option)) return;
  const FieldDescriptor* field = Field(option);
  const auto* reflection = message_.GetReflection();
  const int64_t read = field->cpp_type() == FieldDescriptor::CPPTYPE_INT32
                           ? reflection->GetInt32(message_, field)
                           : reflection->GetInt64(message_, field);
  if (read >= min && read <= max) {
    Set(option, read, value);
  } else {
    Mistake(option, absl::StrCat("is ", read, "; expected ", min, " to ", max));
  }
}

void ConfigReader::Read(absl::string_view option, int min, int max, int* value) const {
  int64_t wide = *value;
  Read(option, int64_t{min}, int64_t{max}, &wide);
  *value = static_cast<int>(wide);
}

void ConfigReader::Read(absl::string_view option, absl::Duration max, absl::Duration* value) const {
  int64_t milliseconds = absl::ToInt64Milliseconds(*value);
  Read(option, int64_t{1}, absl::ToInt64Milliseconds(max), &milliseconds);
  *value = absl::Milliseconds(milliseconds);
}

void ConfigReader::Read(absl::string_view option, absl::string_view expected, TextCheck is_valid,
                        std::string* value) const {
  if (!Has(option)) return;
  const std::string read = message_.GetReflection()->GetString(message_, Field(option));
  if (is_valid(read)) {
    Set(option, read, value);
  } else {
    Mistake(option, absl::StrCat("is \"", absl::CEscape(read), "\"; expected ", expected));
  }
}

void ConfigReader::Read(absl::string_view option, absl::string_view expected, TextCheck is_valid,
                        std::vector<std::string>* values) const {
  if (!Has(option)) return;
  const FieldDescriptor* field = Field(option);
  const auto* reflection = message_.GetReflection();
  std::vector<std::string> all;
  for (int i = 0; i < reflection->FieldSize(message_, field); ++i) {
    const std::string read = reflection->GetRepeatedString(message_, field, i);
    if (is_valid(read)) {
      all.push_back(read);
    } else {
      Mistake(option, absl::StrCat("is \"", absl::CEscape(read), "\"; expected ", expected), i);
    }
  }
  Set(option, all, values);
}

void ConfigReader::ReportUnread() const {
  std::vector<const FieldDescriptor*> fields;
  message_.GetReflection()->ListFields(message_, &fields);
  for (const FieldDescriptor* field : fields) {
    if (findings_.known.count(field) == 0) {
      Mistake(field->name(), "is read by nobody; expected an option that has an effect");
    } else if (field->message_type() != nullptr) {
      const std::vector<ConfigReader> sections =
          field->is_repeated() ? Sections(field->name())
                               : std::vector<ConfigReader>{Section(field->name())};
      for (const ConfigReader& section : sections) section.ReportUnread();
    }
  }
}

ConfigReader ConfigReader::Section(absl::string_view option) const {
  const FieldDescriptor* field = Field(option);
  return ConfigReader(message_.GetReflection()->GetMessage(message_, field),
                      where_ ? where_->GetTreeForNested(field, -1) : nullptr, FullName(option),
                      findings_, LineOf(field, -1));
}

std::vector<ConfigReader> ConfigReader::Sections(absl::string_view option) const {
  const FieldDescriptor* field = Field(option);
  const auto* reflection = message_.GetReflection();
  std::vector<ConfigReader> sections;
  for (int i = 0; i < reflection->FieldSize(message_, field); ++i) {
    sections.push_back(ConfigReader(reflection->GetRepeatedMessage(message_, field, i),
                                    where_ ? where_->GetTreeForNested(field, i) : nullptr,
                                    FullName(option), findings_, LineOf(field, i)));
  }
  return sections;
}

}  // namespace camnode
