// Reads the options of one message of the configuration, checking each, and
// remembers every mistake with its line.

#ifndef CAMNODE_SERVICES_CONFIG_SECTION_READER_H_
#define CAMNODE_SERVICES_CONFIG_SECTION_READER_H_

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace camnode {

struct ConfigMistake {
  int line = 0;      // From 1; 0: of the file as a whole.
  std::string text;  // "dicom.port is 70000; expected -1 to 65535"
};

// One message (a section) of a parsed configuration.  An absent option leaves
// `*value`, its default, as it is; so does a wrong one.  Borrows its arguments.
class ConfigReader {
 public:
  using ParseInfo = google::protobuf::TextFormat::ParseInfoTree;

  // `name`: how messages call the section; "" for the whole file.  `where`: may be
  // nullptr: no lines are known.
  ConfigReader(const google::protobuf::Message& message, const ParseInfo* where, std::string name,
               std::vector<ConfigMistake>& mistakes);

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

  // The section in `option`; an absent one reads as empty.
  ConfigReader Section(absl::string_view option) const;
  // The sections in the repeated `option`.
  std::vector<ConfigReader> Sections(absl::string_view option) const;

  bool Has(absl::string_view option) const;
  // Adds a mistake of this option: "SECTION.OPTION text".  `index`: of a repeated one.
  void Mistake(absl::string_view option, absl::string_view text, int index = 0) const;
  // A needed option that is absent: at the section's own line.
  void Require(absl::string_view option, absl::string_view expected) const;

 private:
  ConfigReader(const google::protobuf::Message& message, const ParseInfo* where, std::string name,
               std::vector<ConfigMistake>& mistakes, int line);
  const google::protobuf::FieldDescriptor* Field(absl::string_view option) const;
  int LineOf(const google::protobuf::FieldDescriptor* field, int index) const;
  std::string FullName(absl::string_view option) const;

  const google::protobuf::Message& message_;
  const ParseInfo* where_;
  std::string name_;
  std::vector<ConfigMistake>& mistakes_;
  int line_ = 0;  // Where the section begins.
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_SECTION_READER_H_
