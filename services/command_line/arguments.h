// The values of one command line, checked against the command's table.

#ifndef CAMNODE_SERVICES_COMMAND_LINE_ARGUMENTS_H_
#define CAMNODE_SERVICES_COMMAND_LINE_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/command_line/command.h"
#include "services/command_line/option.h"

namespace camnode {

// Every value is one that its option may have: no getter fails.  Asking for an option that
// is not in the table, or for a number where it has text, ends the program: that is a mistake
// of the source, not of the command line.  Immutable; thread-safe.
class Arguments {
 public:
  // No options, no operands.
  Arguments() = default;

  // `words` are those after the command's name.  "--name value" and "--name=value" are the
  // same, and options may stand anywhere; whatever does not begin with a dash, "-" itself, and
  // everything after "--" is an operand.  Options are those of the command and `common`.
  // Errors: kInvalidArgument, one sentence that names the option, what it may be and what was
  // given.
  static absl::StatusOr<Arguments> Parse(const Command& command,
                                         const std::vector<std::string>& words,
                                         absl::Span<const Option> common = {});

  bool Has(absl::string_view name) const;

  // The value, else the default, else "".
  std::string Text(absl::string_view name) const;
  // The value, else `fallback`.
  std::string TextOr(absl::string_view name, const std::string& fallback) const;
  // Every value, in the order given.
  std::vector<std::string> Texts(absl::string_view name) const;

  // The value, else the default.  REQUIRES: one of them is there, and fits T.
  template <typename T = int>
  T WholeNumber(absl::string_view name) const {
    return static_cast<T>(WholeNumberOf(name));
  }
  std::vector<int64_t> WholeNumbers(absl::string_view name) const;

  // The value, else the default.  REQUIRES: one of them is there.
  double Number(absl::string_view name) const;

  const std::vector<std::string>& operands() const { return operands_; }

 private:
  absl::Status Add(const std::string& word, const std::string* next, bool& took_next,
                   absl::string_view command);
  absl::Status CheckComplete(const Command& command) const;
  const Option* Find(absl::string_view name) const;
  const Option& Get(absl::string_view name) const;
  // The value given, or null.
  const std::string* Value(const Option& option) const;
  int64_t WholeNumberOf(absl::string_view name) const;

  std::vector<Option> options_;
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_COMMAND_LINE_ARGUMENTS_H_
