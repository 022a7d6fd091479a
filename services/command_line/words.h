// The spelling of a command line's words: which are options, and their two forms.

#ifndef CAMNODE_SERVICES_COMMAND_LINE_WORDS_H_
#define CAMNODE_SERVICES_COMMAND_LINE_WORDS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace camnode {

// What follows are operands, whatever they begin with.
constexpr absl::string_view kEndOfOptions = "--";

// Begins with a dash and is more than one.
bool IsOptionWord(absl::string_view word);

// A view of "--name" or "--name=value"; the name has no dashes, and is empty unless there
// are two of them.
struct OptionWord {
  absl::string_view name;
  absl::optional<absl::string_view> value;
};
OptionWord SplitOptionWord(absl::string_view word);

// kInvalidArgument: "list knows no option --colour", "there is no option --colour" where the
// command has no name.
absl::Status NoOption(absl::string_view command, absl::string_view word);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_COMMAND_LINE_WORDS_H_
