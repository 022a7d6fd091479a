// Reads the options of one message of the configuration, checking each, and
// remembers every mistake with its line.

#ifndef CAMNODE_SERVICES_CONFIG_SECTION_READER_H_
#define CAMNODE_SERVICES_CONFIG_SECTION_READER_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace camnode {

struct ConfigMistake {
  int line = 0;      // From 1; 0: of the file as a whole.
  std::string text;  // "dicom.port is 70000; expected -1 to 65535"
};

// What reading a file brings to light; shared by all its sections.
struct ConfigFindings {
  std::vector<ConfigMistake> mistakes;
  std::vector<std::string> changed;  // Options whose value is not the default: "dicom.port".
  std::set<const google::protobuf::FieldDescriptor*> known;  // Options that were looked for.
};

// One message (a section) of a parsed configuration.  An absent option leaves
// `*value`, its default, as it is; so does a wrong one.  Borrows its arguments.
class ConfigReader {
 public:
  using ParseInfo = google::protobuf::TextFormat::ParseInfoTree;

  // `name`: how messages call the section; "" for the whole file.  `where`: may be
  // nullptr: no lines are known.
  ConfigReader(const google::protobuf::Message& message, const ParseInfo* where, std::string name,
               ConfigFindings& findings);

  void Read(absl::string_view option, bool* value) const;
  void Read(absl::string_view option, double min, double max, double* value) const;
  void Read(absl::string_view option, int min, int max, int* value) const;
  void Read(absl::string_view option, int64_t min, int64_t max, int64_t* value) const;
  // The option is in milliseconds, from 1 to `max`.
  void Read(absl::string_view option, absl::Duration max, absl::Duration* value) const;

  // `is_valid` says whether a text will do; `expected` says what would.
  using TextCheck = absl::FunctionRef<bool(const std::string&)>;
  void Read(absl::string_view option, absl::string_view expected, TextCheck is_valid,
            std::string* value) const;
  // A repeated text; if the option is absent `*values` stays as it is.
  void Read(absl::string_view option, absl::string_view expected, TextCheck is_valid,
            std::vector<std::string>* values) const;

  // One of these words, each with the value that it stands for.
  template <typename Value, std::size_t size>
  void Read(absl::string_view option, const std::pair<const char*, Value> (&words)[size],
            Value* value) const;

  // The section in `option`; an absent one reads as empty.
  ConfigReader Section(absl::string_view option) const;
  // The sections in the repeated `option`.
  std::vector<ConfigReader> Sections(absl::string_view option) const;

  bool Has(absl::string_view option) const;
  // Adds a mistake of this option: "SECTION.OPTION text".  `index`: of a repeated one.
  void Mistake(absl::string_view option, absl::string_view text, int index = 0) const;
  // A needed option that is absent: at the section's own line.
  void Require(absl::string_view option, absl::string_view expected) const;
  // A mistake for each option of the file that nobody looked for, here and in the sections
  // of this one: none is ever ignored in silence.  Called last.
  void ReportUnread() const;

 private:
  ConfigReader(const google::protobuf::Message& message, const ParseInfo* where, std::string name,
               ConfigFindings& findings, int line);
  const google::protobuf::FieldDescriptor* Field(absl::string_view option) const;
  int LineOf(const google::protobuf::FieldDescriptor* field, int index) const;
  std::string FullName(absl::string_view option) const;
  // Takes what was read and found good.
  template <typename Value>
  void Set(absl::string_view option, const Value& read, Value* value) const;

  const google::protobuf::Message& message_;
  const ParseInfo* where_;
  std::string name_;
  ConfigFindings& findings_;
  int line_ = 0;  // Where the section begins.
};

template <typename Value, std::size_t size>
void ConfigReader::Read(absl::string_view option,
                        const std::pair<const char*, Value> (&words)[size], Value* value) const {
  std::string word;
  std::string expected;
  for (std::size_t i = 0; i < size; ++i) {
    if (words[i].second == *value) word = words[i].first;
    const char* const before = i == 0 ? "" : i + 1 < size ? ", " : " or ";
    absl::StrAppend(&expected, before, "\"", words[i].first, "\"");
  }
  const auto find = [&words](const std::string& text) {
    return std::find_if(std::begin(words), std::end(words),
                        [&text](const auto& known) { return text == known.first; });
  };
  Read(
      option, expected, [&](const std::string& text) { return find(text) != std::end(words); },
      &word);
  *value = find(word)->second;
}

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_SECTION_READER_H_
